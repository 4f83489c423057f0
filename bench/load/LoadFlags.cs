using System.CommandLine;
using System.Net;
using LocalLlm.Engine.Synthesis;
using LocalLlm.Kernels;

namespace LocalLlm.Load;

/// <summary>The flags that all scenarios have.</summary>
internal sealed class LoadFlags
{
    private readonly Option<string[]> _models = new("--model")
    {
        Description = "A GGUF file, 'smollm2' (bundled) or 'qwen3' (the 0.6B shape with random weights, Q8_0, made when first needed); with --url the name of a model there",
        HelpName = "MODEL",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _url = new("--url") { Description = "A server that runs already, such as http://127.0.0.1:11434; by default one is started", HelpName = "URL" };
    private readonly Option<string?> _simd = new("--simd") { Description = "SIMD level of the server that is started", HelpName = "LEVEL" };
    private readonly Option<string[]> _environment = new("--env") { Description = "An environment variable for it", HelpName = "NAME=VALUE" };
    private readonly Option<int> _seed = new("--seed") { Description = "Seed of prompts and sampling", HelpName = "N" };
    private readonly Option<bool> _write = new("--write") { Description = "Keep the results in docs/benchmarks" };

    /// <summary>A count of at least one.</summary>
    public static Option<int> Count(string name, string description, int fallback)
    {
        Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => fallback, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"{name} must be at least 1.");
            }
        });
        return option;
    }

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_models, _url, _simd, _environment, _seed, _write])
        {
            command.Add(option);
        }
    }

    /// <summary>Reads them.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="both">Whether the scenario runs with both usual models where none is named, or with the bundled one.</param>
    public LoadOptions Read(ParseResult result, bool both)
    {
        Uri? url = result.GetValue(_url) is { } text ? Local(text) : null;
        string[] models = result.GetValue(_models) is { Length: > 0 } named ? named : both && url is null ? ["smollm2", "qwen3"] : ["smollm2"];
        return new LoadOptions
        {
            Url = url,
            Models = [.. models.Select(name => url is null ? Model(name) : new LoadModel(name, ""))],
            Simd = SimdLevels.Name(SimdLevels.Parse(result.GetValue(_simd))),
            Environment = (result.GetValue(_environment) ?? []).Select(NameAndValue).ToDictionary(),
            Seed = result.GetValue(_seed),
            Output = result.GetValue(_write) ? Checkout.File("docs", "benchmarks") : null,
        };
    }

    private static LoadModel Model(string name)
    {
        BenchModel? known = name switch
        {
            "smollm2" => BenchModel.SmolLm2,
            "qwen3" => BenchModel.Synthetic("0.6B", "qwen3:0.6b", SyntheticMix.Q8_0),
            _ => null,
        };
        if (known is not null)
        {
            return new LoadModel(known.Name, known.Ensure(Checkout.Root, Path.Combine(Checkout.Cache, "models")));
        }
        return File.Exists(name)
            ? new LoadModel(Path.GetFileNameWithoutExtension(name), Path.GetFullPath(name))
            : throw new ArgumentException($"--model must be a GGUF file, smollm2 or qwen3, not '{name}'.");
    }

    private static Uri Local(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme == "http" && IPAddress.TryParse(url.Host, out IPAddress? address) && IPAddress.IsLoopback(address) && address.GetAddressBytes().Length == 4
            ? url
            : throw new ArgumentException($"--url must be http://127.0.0.1:PORT, not '{text}': load is put on this machine only.");

    private static KeyValuePair<string, string> NameAndValue(string text) =>
        text.Split('=', 2) is [{ Length: > 0 } name, var value] ? new(name, value) : throw new ArgumentException($"--env must be NAME=VALUE, not '{text}'.");
}
