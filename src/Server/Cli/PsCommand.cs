using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace LocalLlm.Server.Cli;

/// <summary><c>ps</c>: the models that a running server has in memory.</summary>
internal static class PsCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> prefix = new("PREFIX") { Description = "Only models whose name begins so", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = JsonOutput.Option();
        Command command = new("ps", "List the models that a running server (OLLAMA_HOST) has in memory.") { prefix, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            using ServerClient server = new(host);
            (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Get, "api/ps", null, cancellationToken);
            if (status != StatusCodes.Status200OK)
            {
                throw ServerClient.ErrorOf(status, answer);
            }
            string beginning = result.GetValue(prefix) ?? "";
            if (result.GetValue(json))
            {
                JsonOutput.WriteModels(host.Out, answer, name => name.StartsWith(beginning, StringComparison.Ordinal));
                return 0;
            }
            Write(host.Out, answer, beginning, DateTimeOffset.Now);
            return 0;
        });
        return command;
    }

    /// <summary>Writes the table of an answer of <c>/api/ps</c>.</summary>
    public static void Write(TextWriter writer, JsonElement answer, string prefix, DateTimeOffset now)
    {
        TextTable table = new("NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL");
        foreach (JsonElement model in answer.GetProperty("models").EnumerateArray())
        {
            string name = model.GetProperty("name").GetString()!;
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                long size = model.GetProperty("size").GetInt64();
                table.Add(
                    name,
                    ShortDigest.Of(model.GetProperty("digest").GetString()!),
                    HumanBytes.Of(size),
                    Processor(size, model.GetProperty("size_vram").GetInt64()),
                    model.GetProperty("context_length").GetInt32().ToString(CultureInfo.InvariantCulture),
                    Until(model.GetProperty("expires_at").GetDateTimeOffset(), now));
            }
        }
        table.Write(writer);
    }

    /// <summary>A model whose time is over is still busy with its last requests.</summary>
    private static string Until(DateTimeOffset expires, DateTimeOffset now) => expires <= now ? "Stopping..." : HumanTime.Of(expires, now);

    private static string Processor(long size, long onGpu)
    {
        if (size == 0 || onGpu > size)
        {
            return "Unknown";
        }
        if (onGpu == 0 || onGpu == size)
        {
            return onGpu == 0 ? "100% CPU" : "100% GPU";
        }
        int cpu = (int)Math.Round((double)(size - onGpu) / size * 100);
        return string.Create(CultureInfo.InvariantCulture, $"{cpu}%/{100 - cpu}% CPU/GPU");
    }
}
