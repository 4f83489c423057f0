using System.CommandLine;
using System.Text.Json.Nodes;

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

    /// <summary>The options that the command line gives, in the API's names.</summary>
    public JsonObject Read(ParseResult result)
    {
        JsonObject options = [];
        Add(options, "seed", result.GetValue(_seed));
        Add(options, "temperature", result.GetValue(_temperature));
        Add(options, "top_k", result.GetValue(_topK));
        Add(options, "top_p", result.GetValue(_topP));
        Add(options, "min_p", result.GetValue(_minP));
        Add(options, "typical_p", result.GetValue(_typicalP));
        Add(options, "repeat_penalty", result.GetValue(_repeatPenalty));
        Add(options, "repeat_last_n", result.GetValue(_repeatLastN));
        Add(options, "presence_penalty", result.GetValue(_presencePenalty));
        Add(options, "frequency_penalty", result.GetValue(_frequencyPenalty));
        Add(options, "num_predict", result.GetValue(_numPredict));
        if (result.GetValue(_stop) is { Length: > 0 } stop)
        {
            options["stop"] = new JsonArray([.. stop.Select(text => (JsonNode)text)]);
        }
        return options;
    }

    private static void Add(JsonObject options, string name, JsonNode? value)
    {
        if (value is not null)
        {
            options[name] = value;
        }
    }
}
