using System.Text.Json.Serialization;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary>An error of the OpenAI API.</summary>
/// <param name="Error">What went wrong.</param>
internal sealed record OpenAiError(OpenAiErrorBody Error)
{
    /// <summary>The error that tells of a failure.</summary>
    public static OpenAiError Of(Failure failure) => new(new OpenAiErrorBody(failure.Message, failure.Status switch
    {
        StatusCodes.Status400BadRequest => "invalid_request_error",
        StatusCodes.Status404NotFound => "not_found_error",
        _ => "api_error",
    }));
}

/// <summary>The inside of an error.</summary>
/// <param name="Message">One sentence.</param>
/// <param name="Type">Its class, which follows from the status.</param>
internal sealed record OpenAiErrorBody(string Message, string Type)
{
    /// <summary>The field at fault; never told apart.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Param { get; }

    /// <summary>A machine-readable reason; never given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Code { get; }
}
