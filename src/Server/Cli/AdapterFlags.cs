using System.CommandLine;
using System.Globalization;
using LocalLlm.Engine;

namespace LocalLlm.Server.Cli;

/// <summary><c>--adapter FILE[:SCALE]</c>, which may be given several times: LoRA adapters that a model is loaded with.</summary>
internal sealed class AdapterFlags
{
    private readonly Option<string[]> _adapters = new("--adapter")
    {
        Description = "LoRA adapter to load the model with: a GGUF file or a directory of peft's; :SCALE multiplies what it adds; may be repeated",
        HelpName = "FILE[:SCALE]",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Command command) => command.Options.Add(_adapters);

    /// <summary>The adapters that were asked for; where there are none, the list that <see cref="ModelOptions"/> begins with, so that equal options are equal.</summary>
    /// <exception cref="CommandLineException">There is no such file.</exception>
    public AdapterOptions[] Read(ParseResult result) => (result.GetValue(_adapters) ?? []).Select(Parse).ToArray();

    /// <summary>A path that exists is taken as it stands, whatever is in its name.</summary>
    private static AdapterOptions Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (Path.Exists(text))
        {
            return new AdapterOptions(text);
        }
        if (colon > 0 && Path.Exists(text[..colon]))
        {
            return float.TryParse(text.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out float scale) && float.IsFinite(scale)
                ? new AdapterOptions(text[..colon], scale)
                : throw new CommandLineException($"The scale of --adapter must be a number, as in {text[..colon]}:0.5, not '{text[(colon + 1)..]}'.");
        }
        throw new CommandLineException($"There is no adapter '{text}': --adapter takes the path of a GGUF file or of a directory, and :SCALE after it.");
    }
}
