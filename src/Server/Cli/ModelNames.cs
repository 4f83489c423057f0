using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary>The names that a shell completes where a command takes a model: those of the server, or else of the store and the catalogue.</summary>
internal static class ModelNames
{
    /// <summary>Has an argument's names completed.</summary>
    /// <returns>The argument.</returns>
    public static Argument<T> Complete<T>(this Argument<T> argument, CliHost host)
    {
        argument.HelpName ??= argument.Name; // or the help would ask the server for all names
        argument.CompletionSources.Add(_ => Find(host).Select(name => new CompletionItem(name)));
        return argument;
    }

    /// <summary>The names, each once, in order.</summary>
    public static IReadOnlyList<string> Find(CliHost host)
    {
        try
        {
            return [.. (OfServer(host) ?? OfStore(host)).Select(ModelSuggestion.Short).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is StoreException or ModelCatalogueException or CommandLineException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static IReadOnlyList<string>? OfServer(CliHost host)
    {
        using ServerClient server = new(host);
        using CancellationTokenSource late = new(host.CompletionPatience);
        try
        {
            (int status, JsonElement answer) = server.AskAsync(HttpMethod.Get, "api/tags", null, late.Token).GetAwaiter().GetResult();
            // Only what is a name: shells take what they are given for words of their own language, and terminals obey what is sent to them.
            return status == StatusCodes.Status200OK ? [.. ModelSuggestion.NamesOf(answer).Where(name => ModelName.TryParse(name, out _))] : null;
        }
        catch (Exception exception) when (exception is CommandLineException or OperationCanceledException)
        {
            return null;
        }
    }

    private static IEnumerable<string> OfStore(CliHost host) =>
    [
        .. new ModelStore(OllamaEnvironment.Read(host.Variable).Models).List().Models.Select(model => model.Name.DisplayName),
        .. host.Catalogue.Models.Where(model => model.Path is not null).SelectMany(model => model.Names),
    ];
}
