using System.CommandLine;
using System.Text.Json;

namespace LocalLlm.Server.Cli;

/// <summary><c>list</c>: the models that a running server has.</summary>
internal static class ListCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> prefix = new("PREFIX") { Description = "Only models whose name begins so, in any case", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = JsonOutput.Option();
        Command command = new("list", "List the models that a running server (OLLAMA_HOST) has.") { prefix, json };
        command.Aliases.Add("ls");
        command.SetAction(async (result, cancellationToken) =>
        {
            using ServerClient server = new(host);
            (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Get, "api/tags", null, cancellationToken);
            if (status != StatusCodes.Status200OK)
            {
                throw ServerClient.ErrorOf(status, answer);
            }
            string beginning = result.GetValue(prefix) ?? "";
            bool Passes(string name) => name.StartsWith(beginning, StringComparison.OrdinalIgnoreCase);
            if (result.GetValue(json))
            {
                JsonOutput.WriteModels(host.Out, answer, Passes);
            }
            else
            {
                Write(host.Out, answer, Passes, DateTimeOffset.Now);
            }
            return 0;
        });
        return command;
    }

    /// <summary>Writes the table of an answer of <c>/api/tags</c>.</summary>
    public static void Write(TextWriter writer, JsonElement answer, Func<string, bool> passes, DateTimeOffset now)
    {
        TextTable table = new("NAME", "ID", "SIZE", "MODIFIED");
        foreach (JsonElement model in answer.GetProperty("models").EnumerateArray())
        {
            string name = model.GetProperty("name").GetString()!;
            if (passes(name))
            {
                table.Add(
                    name,
                    ShortDigest.Of(model.GetProperty("digest").GetString()!),
                    HumanBytes.Of(model.GetProperty("size").GetInt64()),
                    HumanTime.Of(model.GetProperty("modified_at").GetDateTimeOffset(), now));
            }
        }
        table.Write(writer);
    }
}
