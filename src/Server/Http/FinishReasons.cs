using LocalLlm.Engine;

namespace LocalLlm.Server.Http;

/// <summary>Why an answer ended, in the words that both APIs share.</summary>
internal static class FinishReasons
{
    /// <summary>The word for a reason.</summary>
    public static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "An end that no client knows."),
    };
}
