using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;

namespace LocalLlm.Server.Http;

/// <summary>What a client asks of a reranking endpoint, in the names that Jina, Cohere and vLLM share, and how it wants the answer.</summary>
internal sealed class RerankQuestion
{
    private static readonly (string Name, RerankMethod Method)[] s_methods =
        [("cross-encoder", RerankMethod.CrossEncoder), ("yes-no", RerankMethod.YesNo), ("similarity", RerankMethod.Similarity)];

    private readonly int _top;
    private readonly bool _returnsDocuments;

    private RerankQuestion(JsonFields body)
    {
        string query = body.String("query") ?? "";
        if (string.IsNullOrWhiteSpace(query))
        {
            throw RequestException.BadRequest("query is empty: send the text to rank the documents for");
        }
        IReadOnlyList<JsonElement> documents = body.Items("documents");
        if (documents.Count == 0)
        {
            throw RequestException.BadRequest("documents is empty: send an array of at least one text");
        }
        Request = new RerankRequest
        {
            Query = query,
            Documents = [.. documents.Select((document, index) => TextOf(document, $"{body.PathOf("documents")}[{index}]"))],
            Method = MethodOf(body.String("method")),
            Instruction = body.String("instruction"),
            Truncate = body.Boolean("truncate") ?? true,
            MaxDocumentTokens = CountOf(body, "max_tokens_per_doc"),
        };
        _top = CountOf(body, "top_n") ?? int.MaxValue;
        _returnsDocuments = body.Boolean("return_documents") ?? true;
    }

    /// <summary>What the engine is asked.</summary>
    public RerankRequest Request { get; }

    /// <summary>Reads the fields of a request's body.</summary>
    /// <exception cref="RequestException">400: a field is missing, of the wrong type or out of range.</exception>
    public static RerankQuestion Of(JsonFields body) => new(body);

    /// <summary>What an answer calls a method.</summary>
    public static string NameOf(RerankMethod method) => Array.Find(s_methods, known => known.Method == method).Name;

    /// <summary>The documents that the client wants to hear of, the most relevant first; of equals the one that stood first.</summary>
    public IReadOnlyList<RankedDocument> Best(RerankResult result) =>
    [
        .. result.Scores
            .Select((score, index) => new RankedDocument(index, score, _returnsDocuments ? new DocumentText(Request.Documents[index]) : null))
            .OrderByDescending(ranked => ranked.RelevanceScore)
            .Take(_top),
    ];

    /// <summary>A document is a text, or an object with a text in it.</summary>
    private static string TextOf(JsonElement document, string path) => document.ValueKind switch
    {
        JsonValueKind.String => JsonText.Of(document),
        JsonValueKind.Object => new JsonFields(document, path).String("text") ?? throw RequestException.BadRequest($"{path} has no text: send a string, or an object with a string in its field text"),
        _ => throw RequestException.BadRequest($"{path} must be a string or an object with a string in its field text"),
    };

    private static RerankMethod? MethodOf(string? name) => name is null ? null
        : Array.Exists(s_methods, known => known.Name == name) ? Array.Find(s_methods, known => known.Name == name).Method
        : throw RequestException.BadRequest($"invalid method '{name}': it must be {string.Join(", ", s_methods.Select(known => $"'{known.Name}'"))}, or left out");

    private static int? CountOf(JsonFields body, string name) => body.Whole(name) switch
    {
        < 1 and { } count => throw RequestException.BadRequest($"{name} must be at least 1, not {count}"),
        { } count => count,
        null => null,
    };
}

/// <summary>A document's place in a ranking.</summary>
/// <param name="Index">Its number in the request, from 0.</param>
/// <param name="RelevanceScore">Its score; what it means is the method's.</param>
/// <param name="Document">Its text; null if the client does not want it back.</param>
internal sealed record RankedDocument(int Index, float RelevanceScore, DocumentText? Document);

/// <summary>A document as answers write it.</summary>
/// <param name="Text">The text as the client sent it.</param>
internal sealed record DocumentText(string Text);
