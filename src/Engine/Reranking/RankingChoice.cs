using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Reranking;

/// <summary>What the methods of ranking have in common.</summary>
internal static class RankingChoice
{
    /// <summary>Checks a request and says how to score.</summary>
    /// <param name="request">The request.</param>
    /// <param name="natural">What the model was made for.</param>
    /// <exception cref="TextEngineException">The request contradicts itself, or has no query.</exception>
    public static RerankMethod Of(RerankRequest request, RerankMethod natural)
    {
        if (request.Query.Length == 0)
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "The query is empty: send what to look for.");
        }
        RerankMethod method = request.Method ?? natural;
        return method == RerankMethod.YesNo || request.Instruction is null
            ? method
            : throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "An instruction is for models that are asked for \"yes\" or \"no\", and this model ranks otherwise: leave it out.");
    }

    /// <summary>The score that a logit makes: its logistic, 0 to 1.</summary>
    /// <exception cref="TextEngineException">The logit is not a number.</exception>
    public static float Score(double logit) => !double.IsNaN(logit)
        ? (float)PortableMath.Logistic(logit)
        : throw new TextEngineException(TextEngineErrorKind.Internal, "The model gave a score that is not a number.");

    /// <summary>The error for a method that a model does not have.</summary>
    public static TextEngineException Unsupported(RerankMethod method) => new(TextEngineErrorKind.Unsupported, method switch
    {
        RerankMethod.CrossEncoder => "This model is no cross-encoder: its file has no classification head for pairs of texts.",
        RerankMethod.YesNo => "This model cannot be asked for \"yes\" or \"no\": it is an encoder, and says nothing.",
        _ => "This model does not support embeddings: it scores pairs of texts.",
    });
}
