using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Reranking;

/// <summary>Query and document as a cross-encoder reads them (Nogueira and Cho 2019, arXiv:1901.04085): <c>[CLS] query [SEP] document [SEP]</c>.</summary>
internal sealed class PairPrompt
{
    private readonly Tokenizer _tokenizer;
    private readonly RerankRequest _request;
    private readonly int[] _query, _end;    // up to the first [SEP], and the last one
    private readonly int _limit;

    /// <summary>Prepares the pairs of a request.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="request">Query and documents.</param>
    /// <param name="limit">Positions of a pair.</param>
    /// <exception cref="TextEngineException">The query leaves no room for a document.</exception>
    public PairPrompt(Tokenizer tokenizer, RerankRequest request, int limit)
    {
        (_tokenizer, _request, _limit) = (tokenizer, request, limit);
        (int cls, int sep) = Marks(tokenizer);
        int[] begin = [cls];
        _end = [sep];
        int[] query = tokenizer.Encode(request.Query, addSpecial: false, parseSpecial: false);
        int room = limit - begin.Length - (2 * _end.Length);
        if (room / 2 < 1 || (query.Length >= room && !request.Truncate))
        {
            throw new TextEngineException(
                TextEngineErrorKind.ContextOverflow,
                $"the query leaves no room for a document: it takes {query.Length + limit - room} tokens with those around it, {limit} fit: use a shorter query");
        }
        _query = [.. begin, .. query.AsSpan(0, request.Truncate ? Math.Min(query.Length, room / 2) : query.Length), .. _end];
    }

    /// <summary>[CLS], whose state the score is read from, and [SEP], which divides a pair.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="TextEngineException">The model does not have both, so it cannot score pairs.</exception>
    public static (int Cls, int Sep) Marks(Tokenizer tokenizer) => tokenizer is { BosToken: { } cls, EosToken: { } sep }
        ? (cls, sep)
        : throw new TextEngineException(
            TextEngineErrorKind.InvalidModel,
            $"This model cannot be loaded: it scores pairs of texts, but its file does not name the tokens [CLS] and [SEP] that stand around them ({TokenizerKeys.ClsTokenId}, {TokenizerKeys.SepTokenId}).");

    /// <summary>The tokens of a pair. The first [SEP] among them ends the query: no text is read as one.</summary>
    /// <param name="document">Number of the document.</param>
    /// <exception cref="TextEngineException">It does not fit and may not be cut.</exception>
    public int[] Tokens(int document)
    {
        ReadOnlySpan<int> tokens = _tokenizer.Encode(_request.Documents[document], addSpecial: false, parseSpecial: false);
        tokens = tokens[..Math.Min(tokens.Length, _request.MaxDocumentTokens ?? int.MaxValue)];
        int room = _limit - _query.Length - _end.Length;
        if (tokens.Length > room && !_request.Truncate)
        {
            throw new TextEngineException(TextEngineErrorKind.ContextOverflow, $"the input length exceeds the context length: {tokens.Length + _limit - room} tokens, {_limit} fit");
        }
        return [.. _query, .. tokens[..Math.Min(tokens.Length, room)], .. _end];
    }
}
