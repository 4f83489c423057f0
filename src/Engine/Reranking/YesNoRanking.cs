using LocalLlm.Engine.Scheduling;

namespace LocalLlm.Engine.Reranking;

/// <summary>Ranks with a model that talks, as Qwen3-Reranker does: a prompt for each document, all of them sequences of the common scheduler.</summary>
/// <param name="model">The model.</param>
/// <param name="plan">How much context there is.</param>
/// <param name="scheduler">Evaluates.</param>
internal sealed class YesNoRanking(LanguageModel model, MemoryPlan plan, Scheduler scheduler)
{
    private const string TemplateKey = "tokenizer.chat_template.rerank";

    // What llama.cpp's converter, and those of its users that name files after directories, make of "Qwen3-Reranker-0.6B".
    private static readonly string[] s_names = ["general.name", "general.basename", "general.finetune"];

    /// <summary>
    /// Whether a model was made to rank so: it has a classification head, or is a Qwen3-Reranker by name that was converted as if it were for chats.
    /// </summary>
    public bool IsNatural { get; } = model.Transformer.Weights.Classifier is not null
        || (model.Config is { Architecture: "qwen3", PoolingType: Transformer.PoolingType.None } && Array.Exists(s_names, key => Named(model, key)));

    /// <summary>Scores the documents of a request.</summary>
    /// <exception cref="TextEngineException">The model cannot be asked so, or a prompt does not fit.</exception>
    public async Task<RerankResult> RankAsync(RerankRequest request, CancellationToken cancellationToken)
    {
        YesNoHead head = YesNoHead.Of(model);
        int[][] prompts = Prompt(request.Instruction).Tokens(request, Math.Min(request.ContextLength ?? plan.ContextLength, plan.MaxContextLength));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ScoreSequence[] sequences = [.. prompts.Select(tokens => new ScoreSequence(request.Client, tokens, head, scheduler.Counters, stop.Token))];
        foreach (ScoreSequence sequence in sequences)
        {
            scheduler.Add(sequence);
        }
        try
        {
            float[] scores = await Task.WhenAll(sequences.Select(sequence => sequence.Score)).WaitAsync(cancellationToken).ConfigureAwait(false);
            return new RerankResult(scores, RerankMethod.YesNo, prompts.Sum(tokens => tokens.Length));
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            scheduler.Wake();
        }
    }

    private YesNoPrompt Prompt(string? instruction)
    {
        string? template = model.File.Metadata.TryGetString(TemplateKey, out string? own) ? own : null;
        return template is not null || model.Transformer.Weights.Classifier is null || model.Config.Architecture == "qwen3"
            ? new YesNoPrompt(model.Tokenizer, template, instruction)
            : throw new TextEngineException(TextEngineErrorKind.Unsupported, $"This model cannot rank: its file does not have the prompt that it was trained with ({TemplateKey}).");
    }

    private static bool Named(LanguageModel model, string key) =>
        model.File.Metadata.TryGetString(key, out string? name) && name.Contains("reranker", StringComparison.OrdinalIgnoreCase);
}
