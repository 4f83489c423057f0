using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli.Session;

/// <summary><c>/show</c>: what the model is, and what was set.</summary>
internal static class SessionShow
{
    /// <summary>Writes what stands after <c>/show</c>.</summary>
    public static void Write(TextWriter writer, SessionState state, string what)
    {
        ModelCard card = state.Backend.Card;
        switch (what)
        {
            case "info":
                ModelSections.Write(writer, card.Answer, verbose: false);
                break;
            case "license":
                WriteText(writer, card.Licence, "No license was specified for this model.");
                break;
            case "modelfile":
                WriteText(writer, card.Modelfile, "No Modelfile is known for this model.");
                break;
            case "parameters":
                WriteParameters(writer, card.Parameters, state.Options);
                break;
            case "system":
                WriteText(writer, state.System.Length > 0 ? state.System : card.System, "No system message was specified for this model.");
                break;
            case "template":
                WriteText(writer, state.Template.Length > 0 ? state.Template : card.Template, "No prompt template was specified for this model.");
                break;
            default:
                SessionHelp.Write(writer, "show", what.Length > 0 ? $"Unknown command '/show {what}'. These are known:" : "");
                break;
        }
    }

    private static void WriteText(TextWriter writer, string text, string otherwise) => writer.WriteLine(text.Length > 0 ? text : otherwise);

    private static void WriteParameters(TextWriter writer, string own, JsonObject set)
    {
        writer.WriteLine("Model defined parameters:");
        foreach (string line in own.Length > 0 ? own.Split('\n') : ["No additional parameters were specified for this model."])
        {
            writer.WriteLine($"  {line}");
        }
        if (set.Count > 0)
        {
            writer.WriteLine();
            writer.WriteLine("User defined parameters:");
            foreach ((string name, JsonNode? value) in set)
            {
                string text = value is JsonArray texts ? string.Join(", ", texts.Select(item => item!.ToJsonString())) : value!.ToJsonString();
                writer.WriteLine($"  {name,-30} {text}");
            }
        }
        writer.WriteLine();
    }
}
