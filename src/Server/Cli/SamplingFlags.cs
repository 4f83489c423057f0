using System.CommandLine;
using LocalLlm.Server.Http;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Cli;

/// <summary>How an answer is generated: Ollama's options as options of the command line, over the defaults of the model.</summary>
internal sealed class SamplingFlags
{
    private readonly Option<long?> _seed = Flags.Int64("--seed", "Same seed, same answer");
    private readonly Option<float?> _temperature = Flags.Single("--temperature", "Divides the logits; 0 always takes the likeliest token");
    private readonly Option<int?> _topK = Flags.Int32("--top-k", "Keep the k likeliest tokens; 0 keeps all");
    private readonly Option<float?> _topP = Flags.Single("--top-p", "Keep the likeliest tokens that reach this probability together");
    private readonly Option<float?> _minP = Flags.Single("--min-p", "Drop tokens below this share of the likeliest one's probability");
    private readonly Option<float?> _typicalP = Flags.Single("--typical-p", "Locally typical sampling; 1 is off");
    private readonly Option<float?> _repeatPenalty = Flags.Single("--repeat-penalty", "Divides the logits of tokens seen; 1 is off");
    private readonly Option<int?> _repeatLastN = Flags.Int32("--repeat-last-n", "Tokens that the penalties look back at; -1 for all");
    private readonly Option<float?> _presencePenalty = Flags.Single("--presence-penalty", "Subtracted once from the logits of tokens seen");
    private readonly Option<float?> _frequencyPenalty = Flags.Single("--frequency-penalty", "Subtracted from the logits of tokens seen, times how often");
    private readonly Option<int?> _numPredict = Flags.Int32("--num-predict", "Most tokens to generate; -1 for as many as may be");
    private readonly Option<string[]> _stop = new("--stop") { Description = "Text that ends the answer; may be given several times", HelpName = "TEXT", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[
            _seed, _temperature, _topK, _topP, _minP, _typicalP, _repeatPenalty, _repeatLastN, _presencePenalty, _frequencyPenalty, _numPredict, _stop])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What is in force: the command line, else the model's defaults, else Ollama's.</summary>
    public GenerationOptions Read(ParseResult result, ServedModel model)
    {
        GenerationOptions defaults = GenerationOptions.Of(model);
        return defaults with
        {
            NumPredict = result.GetValue(_numPredict) ?? defaults.NumPredict,
            Stop = result.GetValue(_stop) is { Length: > 0 } stop ? stop : defaults.Stop,
            Sampling = defaults.Sampling with
            {
                Seed = result.GetValue(_seed) ?? defaults.Sampling.Seed,
                Temperature = result.GetValue(_temperature) ?? defaults.Sampling.Temperature,
                TopK = result.GetValue(_topK) ?? defaults.Sampling.TopK,
                TopP = result.GetValue(_topP) ?? defaults.Sampling.TopP,
                MinP = result.GetValue(_minP) ?? defaults.Sampling.MinP,
                TypicalP = result.GetValue(_typicalP) ?? defaults.Sampling.TypicalP,
                RepeatPenalty = result.GetValue(_repeatPenalty) ?? defaults.Sampling.RepeatPenalty,
                RepeatLastN = result.GetValue(_repeatLastN) ?? defaults.Sampling.RepeatLastN,
                PresencePenalty = result.GetValue(_presencePenalty) ?? defaults.Sampling.PresencePenalty,
                FrequencyPenalty = result.GetValue(_frequencyPenalty) ?? defaults.Sampling.FrequencyPenalty,
            },
        };
    }
}
