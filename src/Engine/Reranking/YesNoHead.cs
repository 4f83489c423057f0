using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Reranking;

/// <summary>
/// Where a model says "yes" or "no": in the logits of those two tokens, or in a classification head that was made of the two rows of its output head
/// (Zhang et al. 2025, arXiv:2506.05176: the score is the probability of "yes" under a softmax over the two).
/// </summary>
internal sealed class YesNoHead
{
    private readonly ClassifierWeights? _classifier;
    private readonly int _yes;
    private readonly int? _no;      // null where the one logit is that of "yes" less that of "no" already

    private YesNoHead(ClassifierWeights? classifier, int yes, int? no) => (_classifier, _yes, _no) = (classifier, yes, no);

    /// <summary>Whether it reads final states; else the logits of the whole vocabulary.</summary>
    public bool TakesStates => _classifier is not null;

    /// <summary>The head of a model.</summary>
    /// <exception cref="TextEngineException">It cannot say "yes" or "no".</exception>
    public static YesNoHead Of(LanguageModel model)
    {
        if (model.Transformer.Weights.Classifier is { } classifier)
        {
            return OfClassifier(classifier, model);
        }
        if (model.Config.PoolingType != PoolingType.None)
        {
            throw Unsupported("it gives vectors and no text");
        }
        return model.Tokenizer.Find("yes") is { } yes && model.Tokenizer.Find("no") is { } no && model.Tokenizer.Find("<|im_start|>") is not null
            ? new YesNoHead(null, yes, no)
            : throw Unsupported("its vocabulary does not have the tokens 'yes', 'no' and '<|im_start|>'");
    }

    /// <summary>The probability of "yes".</summary>
    /// <param name="row">A final state or logits, as <see cref="TakesStates"/> says.</param>
    /// <exception cref="TextEngineException">It is not finite.</exception>
    public float Score(ReadOnlySpan<float> row)
    {
        ReadOnlySpan<float> logits = _classifier is null ? row : _classifier.Logits(row);
        return RankingChoice.Score(_no is { } no ? (double)logits[_yes] - logits[no] : logits[_yes]);
    }

    private static YesNoHead OfClassifier(ClassifierWeights classifier, LanguageModel model)
    {
        string[] labels = model.File.Metadata.TryGetStrings($"{model.Config.Architecture}.classifier.output_labels", out string[]? named) ? named : [];
        int yes = Array.IndexOf(labels, "yes"), no = Array.IndexOf(labels, "no");
        return (classifier.Labels, labels.Length) switch
        {
            (1, _) => new YesNoHead(classifier, 0, null),
            (2, 0) => new YesNoHead(classifier, 0, 1),
            (2, 2) when yes >= 0 && no >= 0 => new YesNoHead(classifier, yes, no),
            _ => throw Unsupported($"its classification head has {classifier.Labels} labels ({string.Join(", ", labels)}), not 'yes' and 'no'"),
        };
    }

    private static TextEngineException Unsupported(string why) => new(TextEngineErrorKind.Unsupported, $"This model cannot be asked for \"yes\" or \"no\": {why}.");
}
