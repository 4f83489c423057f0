using LocalLlm.Engine;
using LocalLlm.Server.Cli.Session;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary>
/// Where <c>run</c>, <c>embed</c> and <c>similar</c> compute: in this process what only this process can (files, options of computing), and bundled models while no server runs; else the
/// server of <c>OLLAMA_HOST</c>, which is started if need be.
/// </summary>
/// <param name="host">The world.</param>
/// <param name="verb">Which verb asks, for the error where nothing can compute.</param>
internal sealed class RunPlace(CliHost host, string verb = "run")
{
    /// <summary>Opens a model.</summary>
    /// <param name="model">What the user wrote.</param>
    /// <param name="options">How to load it into this process; asked for only if it is.</param>
    /// <param name="needsThisProcess">Whether the command line asks for what no server can do.</param>
    /// <param name="insecure">Whether it may be fetched over plain HTTP.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandLineException">There is no server, and the model is not one for this process.</exception>
    public async Task<IChatBackend> OpenAsync(
        string model, Func<ModelOptions> options, bool needsThisProcess, bool insecure, CancellationToken cancellationToken)
    {
        ModelCatalogue catalogue = host.Catalogue;
        if (needsThisProcess || IsPath(model, catalogue))
        {
            return EngineBackend.Open(host, model, options());
        }
        ServerClient server = new(host);
        try
        {
            if (!await server.IsRunningAsync(cancellationToken))
            {
                if (server.IsLoopback && IsForThisProcess(model, catalogue))
                {
                    server.Dispose();
                    return EngineBackend.Open(host, model, options());
                }
                ServerStart start = new(host, server);
                if (!start.IsAllowed)
                {
                    throw Nowhere(server, model, catalogue);
                }
                await start.EnsureAsync(cancellationToken);
            }
            return await ServerBackend.OpenAsync(host, server, model, insecure, cancellationToken);
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Whether it can be nothing but a file. A name of the catalogue goes before a file that is called the same.</summary>
    private static bool IsPath(string model, ModelCatalogue catalogue) =>
        catalogue.FindByName(model) is null
        && ((model.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !IsOfARegistry(model))
            || model is ['/' or '~', ..] or ['.', '/' or '\\' or '.', ..]
            || (model.AsSpan().ContainsAny('/', '\\') && File.Exists(model)));

    /// <summary>Whether a text names a file of a registry's repository, as model cards write it: <c>hf.co/me/some-GGUF:some-Q4_K_M.gguf</c>.</summary>
    private static bool IsOfARegistry(string model) =>
        !File.Exists(model) && model.Contains(':', StringComparison.Ordinal) && ModelName.TryParse(model.Trim(), out ModelName? name) && name.Value.Host != ModelName.DefaultHost;

    /// <summary>Whether a model runs here while no server does: a bundled one, or a file; but not one of the store, which goes before both.</summary>
    private bool IsForThisProcess(string model, ModelCatalogue catalogue)
    {
        if (ModelName.TryParse(model.Trim(), out ModelName? name) && new ModelStore(OllamaEnvironment.Read(host.Variable).Models).Find(name.Value) is not null)
        {
            return false;
        }
        return catalogue.FindByName(model) is { Path: not null } || File.Exists(model);
    }

    /// <summary>The error where no server runs and none may be started.</summary>
    private CommandLineException Nowhere(ServerClient server, string model, ModelCatalogue catalogue)
    {
        string[] here = [.. catalogue.Models.Where(entry => entry.Path is not null).SelectMany(entry => entry.Names)];
        return new CommandLineException(
            $"{server.NotRunning().Message}; without one, {verb} has {(here.Length > 0 ? $"{string.Join(", ", here)} and " : "")}GGUF files by their path, but no '{model}'{ModelSuggestion.For(model, here)}");
    }
}
