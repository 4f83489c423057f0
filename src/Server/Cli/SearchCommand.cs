using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary><c>search</c>: the models that are known by name, and whether this machine can run them. It asks nobody: the catalogue and the store are read from disk.</summary>
internal static class SearchCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> text = new("TEXT") { Description = "Only models whose names or description have all these words, in any case", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> json = new("--json") { Description = "Print all facts as JSON" };
        Command command = new("search", "List the models that are known by name, with the memory that they need.") { text, json };
        command.SetAction(result =>
        {
            string[] words = result.GetValue(text) ?? [];
            ModelCatalogue catalogue = host.Catalogue;
            CatalogueModel[] found = [.. catalogue.Models.Where(model => words.All(word => Mentions(model, word)))];
            if (found.Length == 0)
            {
                string wanted = string.Join(' ', words);
                string nearest = catalogue.Nearest(wanted) is { } name ? $"; did you mean '{name}'?" : ", but registries have more: 'localllm pull NAME' takes any name of Ollama's library, and hf.co/OWNER/REPOSITORY";
                throw new CommandLineException($"no model of the catalogue matches '{wanted}'{nearest}");
            }
            HashSet<ModelName> stored = Stored(host);
            CataloguedModel[] rows = [.. found.Select(model => CataloguedModel.Of(model, stored, SystemMemory.AvailableBytes))];
            if (result.GetValue(json))
            {
                JsonOutput.Write(host.Out, JsonSerializer.SerializeToElement(new JsonObject { ["models"] = new JsonArray([.. rows.Select(JsonOf)]) }));
            }
            else
            {
                WriteTable(host.Out, rows);
            }
            return 0;
        });
        return command;
    }

    private static void WriteTable(TextWriter writer, CataloguedModel[] rows)
    {
        TextTable table = new("NAME", "SIZE", "CONTEXT", "MEMORY", "STATE", "ABOUT");
        foreach (CataloguedModel row in rows)
        {
            CatalogueModel model = row.Model;
            // "~": worked out from the shape, not read off a file.
            string size = row.FileBytes is { } bytes ? $"{(model.Size is null ? "~" : "")}{HumanBytes.Of(bytes)}" : "?";
            table.Add(string.Join(", ", model.Names), size, model.Context?.ToString() ?? "?", row.Memory, row.State, model.About ?? "");
        }
        table.Write(writer);
    }

    private static JsonObject JsonOf(CataloguedModel row) => new()
    {
        ["name"] = row.Model.Names[0],
        ["names"] = new JsonArray([.. row.Model.Names]),
        ["about"] = row.Model.About,
        ["state"] = row.State,
        ["reference"] = row.Model.Reference?.FullName,
        ["file"] = row.Model.Path,
        ["size"] = row.Model.Size,
        ["estimated_size"] = row.FileBytes,
        ["required_memory"] = row.Plan?.LeastBytes,
        ["fits"] = row.Plan?.Fits,
        ["context"] = row.Model.Context,
        ["architecture"] = row.Model.Architecture,
        ["parameters"] = row.Model.Parameters,
        ["quantization"] = row.Model.Quantization,
        ["licence"] = row.Model.Licence,
        ["source"] = row.Model.Source,
    };

    private static bool Mentions(CatalogueModel model, string word) =>
        model.Names.Append(model.About ?? "").Any(text => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>What the store has; a broken manifest is no model, and the commands that use it say so.</summary>
    private static HashSet<ModelName> Stored(CliHost host)
    {
        OllamaEnvironment environment = OllamaEnvironment.Read(host.Variable);
        return [.. new ModelStore(environment.Models, readOnly: true).List().Models.Select(model => model.Name)];
    }
}
