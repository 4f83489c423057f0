using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Server.Modelfiles;

/// <summary>An adapter that a Modelfile names.</summary>
/// <param name="Path">Its file or folder, as written.</param>
/// <param name="Scale">A factor on the adapter's own scale; 1 if the Modelfile says nothing.</param>
internal sealed record ModelfileAdapter(string Path, double Scale);

/// <summary>What a Modelfile says, checked. Pure data: no path was looked up, no template read.</summary>
/// <param name="commands">The instructions, in order; of one that is not repeatable the last counts.</param>
internal sealed class Modelfile(IReadOnlyList<ModelfileCommand> commands)
{
    /// <summary>The instructions, in order.</summary>
    public IReadOnlyList<ModelfileCommand> Commands => commands;

    /// <summary>What to build upon: names of models, files or folders, as written. Others than the first are projectors, or parts of the model.</summary>
    public IReadOnlyList<string> From => All(ModelfileInstruction.From);

    /// <summary>Adapters, in the order in which they are applied.</summary>
    public IReadOnlyList<ModelfileAdapter> Adapters =>
        [.. Where(ModelfileInstruction.Adapter).Select(command => new ModelfileAdapter(command.Value, command.Scale ?? 1))];

    /// <summary>Draft models, as written.</summary>
    public IReadOnlyList<string> Drafts => All(ModelfileInstruction.Draft);

    /// <summary>The template's text; null if none is given, empty if there shall be none.</summary>
    public string? Template => Last(ModelfileInstruction.Template);

    /// <summary>The system message; null if none is given, empty if there shall be none.</summary>
    public string? System => Last(ModelfileInstruction.System);

    /// <summary>Texts of licences.</summary>
    public IReadOnlyList<string> Licenses => All(ModelfileInstruction.License);

    /// <summary>Name of the built-in renderer, or null.</summary>
    public string? Renderer => Last(ModelfileInstruction.Renderer);

    /// <summary>Name of the built-in parser, or null.</summary>
    public string? Parser => Last(ModelfileInstruction.Parser);

    /// <summary>The least version of the program, without a leading <c>v</c>, or null.</summary>
    public string? Requires => Last(ModelfileInstruction.Requires);

    /// <summary>Messages that conversations begin with.</summary>
    public IReadOnlyList<ChatMessage> Messages =>
        [.. Where(ModelfileInstruction.Message).Select(command => new ChatMessage { Role = command.Name, Content = command.Value })];

    /// <summary>Defaults of options, in requests' names and JSON types: numbers, booleans, and for <c>stop</c> a list of texts.</summary>
    public JsonObject Parameters
    {
        get
        {
            JsonObject result = [];
            foreach (ModelfileCommand command in Where(ModelfileInstruction.Parameter))
            {
                ParameterKind kind = ParameterTable.KindOf(command.Name) ?? ParameterKind.Removed;
                if (kind == ParameterKind.Texts && result[command.Name] is JsonArray texts)
                {
                    texts.Add(command.Value);
                }
                else if (ParameterTable.Parse(kind, command.Value) is { } value)
                {
                    result[command.Name] = value;
                }
            }
            return result;
        }
    }

    /// <summary>Sentences about what was left out: options that no longer exist.</summary>
    public IReadOnlyList<string> Warnings =>
        [.. Where(ModelfileInstruction.Parameter)
            .Where(command => ParameterTable.KindOf(command.Name) is null or ParameterKind.Removed)
            .Select(command => $"(line {command.Line}): parameter {command.Name} is deprecated and has no effect")];

    private IEnumerable<ModelfileCommand> Where(ModelfileInstruction instruction) => commands.Where(command => command.Instruction == instruction);

    private IReadOnlyList<string> All(ModelfileInstruction instruction) => [.. Where(instruction).Select(command => command.Value)];

    private string? Last(ModelfileInstruction instruction) => Where(instruction).LastOrDefault()?.Value;
}
