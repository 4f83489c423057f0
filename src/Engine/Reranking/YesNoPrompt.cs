using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Reranking;

/// <summary>
/// The prompt that asks a model that talks about one query and one document. What frames it is read with its special tokens; instruction, query and document
/// are plain text, whatever they spell, so that no document can end the prompt and answer for the model.
/// </summary>
internal sealed class YesNoPrompt
{
    /// <summary>The instruction of Qwen3-Reranker's model card where a task has none of its own.</summary>
    public const string UsualInstruction = "Given a web search query, retrieve relevant passages that answer the query";

    private const string Query = "{query}", Document = "{document}", Instruct = "<Instruct>:";

    // The prompt of the model card, https://huggingface.co/Qwen/Qwen3-Reranker-0.6B.
    private const string Usual =
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n"
        + "<|im_start|>user\n<Instruct>: " + UsualInstruction + "\n<Query>: {query}\n<Document>: {document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

    private readonly Tokenizer _tokenizer;
    private readonly int[] _head, _tail;                // tokens before and after what the request says
    private readonly string _before, _between;          // plain text before the query, and between it and the document

    /// <summary>Takes a prompt apart.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The file's own prompt with <c>{query}</c> and <c>{document}</c> in it (<c>tokenizer.chat_template.rerank</c>); null for that of Qwen3-Reranker.</param>
    /// <param name="instruction">Stands in the prompt instead of its own instruction; null for that.</param>
    /// <exception cref="TextEngineException">The template has no such places.</exception>
    public YesNoPrompt(Tokenizer tokenizer, string? template, string? instruction)
    {
        _tokenizer = tokenizer;
        template ??= Usual;
        int query = template.IndexOf(Query, StringComparison.Ordinal), document = template.IndexOf(Document, StringComparison.Ordinal);
        if (query < 0 || document < query)
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidModel, "The model's prompt for ranking (tokenizer.chat_template.rerank) does not have {query} and then {document}, so it cannot be used.");
        }
        int instruct = template.IndexOf(Instruct, StringComparison.Ordinal);
        bool instructs = instruct >= 0 && instruct < query;
        // Tokens never reach across the end of a line that text follows, so the parts are those of the whole.
        int begin = instructs ? instruct : template.LastIndexOf('\n', query) + 1;
        _head = [.. tokenizer.AddBos && tokenizer.BosToken is { } bos ? [bos] : Array.Empty<int>(), .. tokenizer.Encode(template[..begin], addSpecial: false, parseSpecial: true)];
        _tail = tokenizer.Encode(template[(document + Document.Length)..], addSpecial: false, parseSpecial: true);
        _before = Instructed(template[begin..query], instructs, instruction);
        _between = template[(query + Query.Length)..document];
    }

    /// <summary>The prompts of all documents of a request, as tokens.</summary>
    /// <param name="request">Query and documents.</param>
    /// <param name="limit">Positions of a prompt.</param>
    /// <exception cref="TextEngineException">One does not fit and may not be cut, or nothing of it would be left.</exception>
    public int[][] Tokens(RerankRequest request, int limit)
    {
        int room = limit - _head.Length - _tail.Length;
        string lead = _before + (request.Truncate ? Shorten(request.Query, Math.Max(room / 2, 1)) : request.Query) + _between;
        int least = Plain(lead).Length;
        return least < room
            ? [.. request.Documents.Select(document => Tokens(lead, document, request, room))]
            : throw new TextEngineException(
                TextEngineErrorKind.ContextOverflow,
                $"the query leaves no room for a document: it takes {least + _head.Length + _tail.Length} tokens with the prompt around it, {limit} fit: use a shorter query or a larger num_ctx");
    }

    private int[] Tokens(string lead, string document, RerankRequest request, int room)
    {
        int[] plain = Plain(lead + (request.MaxDocumentTokens is { } most ? Shorten(document, most) : document));
        if (plain.Length > room && !request.Truncate)
        {
            throw new TextEngineException(TextEngineErrorKind.ContextOverflow, $"the input length exceeds the context length: {plain.Length + _head.Length + _tail.Length} tokens, {room + _head.Length + _tail.Length} fit");
        }
        return [.. _head, .. plain.AsSpan(0, Math.Min(plain.Length, room)), .. _tail];
    }

    private static string Instructed(string before, bool instructs, string? instruction)
    {
        if (instruction is null)
        {
            return before;
        }
        if (!instructs)
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "This model's prompt for ranking has no place for an instruction: leave it out.");
        }
        int end = before.IndexOf('\n', StringComparison.Ordinal);
        return $"{Instruct} {instruction}{(end < 0 ? "" : before[end..])}";
    }

    /// <summary>The leading tokens of a text, as text.</summary>
    private string Shorten(string text, int most)
    {
        int[] tokens = Plain(text);
        // A character that the cut went through reads as U+FFFD.
        return tokens.Length <= most ? text : _tokenizer.Decode(tokens.AsSpan(0, most)).TrimEnd('\uFFFD');
    }

    private int[] Plain(string text) => _tokenizer.Encode(text, addSpecial: false, parseSpecial: false);
}
