using System.CommandLine;
using System.Text.Json.Nodes;
using LocalLlm.Server.Creation;
using LocalLlm.Server.Modelfiles;

namespace LocalLlm.Server.Cli;

/// <summary><c>create</c>: has a running server make a model as a Modelfile says.</summary>
internal static class CreateCommand
{
    private const string DefaultName = "Modelfile";

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "The name that the model shall have" };
        Option<string?> file = new("--file", "-f") { Description = $"The Modelfile (default: {DefaultName} of this folder, or a model's files in it); - for standard input", HelpName = "FILE" };
        Option<string?> quantize = new("--quantize", "-q") { Description = "Round the weights, which must be F16, BF16 or F32: q8_0, q4_K_M, ...", HelpName = "TYPE" };
        Option<bool> insecure = new("--insecure") { Description = "Speak plain HTTP to the registry, where FROM names a model that has to be fetched" };
        // Options of Ollama's that change nothing here: checkpoints are converted by the server anyhow, and drafts are not used.
        Option<bool> experimental = new("--experimental") { Hidden = true };
        Option<string?> draft = new("--draft-quantize") { Hidden = true };
        Command command = new("create", "Have a running server (OLLAMA_HOST) make a model from a Modelfile.") { model, file, quantize, insecure, experimental, draft };
        command.SetAction(async (result, cancellationToken) =>
        {
            (Modelfile modelfile, string folder) = Read(host, result.GetValue(file));
            foreach (string warning in modelfile.Warnings)
            {
                host.Error.WriteLine($"Warning: {warning}");
            }
            RefuseUnsupported(modelfile);
            ModelComponents components = ModelComponents.Of(modelfile, folder, host.Variable("HOME"));
            JsonObject request = RequestOf(modelfile, result.GetRequiredValue(model), result.GetValue(quantize));
            if (result.GetValue(insecure))
            {
                request["insecure"] = true;
            }
            await RunAsync(host, request, components, cancellationToken);
            return 0;
        });
        return command;
    }

    private static async Task RunAsync(CliHost host, JsonObject request, ModelComponents components, CancellationToken cancellationToken)
    {
        using ServerClient server = await ServerClient.ConnectOrStartAsync(host, cancellationToken);
        host.Error.WriteLine("gathering model components");
        BlobSender sender = new(host, server);
        if (components.Model is { } from)
        {
            request["from"] = from;
        }
        await SendAsync(sender, request, "files", components.Files, cancellationToken);
        await SendAsync(sender, request, "adapters", components.Adapters, cancellationToken);
        if (components.AdapterScales.Count > 0)
        {
            request["adapter_scales"] = new JsonObject(components.AdapterScales.Select(scale => KeyValuePair.Create(scale.Key, (JsonNode?)scale.Value)));
        }
        using CreationLines lines = new(host);
        await server.FollowAsync("api/create", request.ToJsonString(), lines.Take, cancellationToken);
        if (!lines.Succeeded)
        {
            throw new CommandLineException($"the server at {server.Address} ended in the middle of its answer: see its log");
        }
    }

    private static async Task SendAsync(BlobSender sender, JsonObject request, string field, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        JsonObject digests = [];
        foreach ((string name, string path) in files)
        {
            digests[name] = await sender.SendAsync(path, cancellationToken);
        }
        if (digests.Count > 0)
        {
            request[field] = digests;
        }
    }

    /// <summary>The Modelfile and the folder that its paths begin at. Without one that is named, a folder of a model's files needs none.</summary>
    private static (Modelfile Modelfile, string Folder) Read(CliHost host, string? name)
    {
        string here = Directory.GetCurrentDirectory();
        if (name == "-")
        {
            return (ModelfileParser.Parse(host.In.ReadToEnd()), here);
        }
        string path = Path.GetFullPath(name ?? DefaultName);
        if (File.Exists(path))
        {
            return (ModelfileParser.Parse(File.ReadAllBytes(path)), Path.GetDirectoryName(path)!);
        }
        return name is null
            ? (ModelfileParser.Parse("FROM ."), here)
            : throw new CommandLineException($"specified Modelfile wasn't found: '{path}'");
    }

    private static void RefuseUnsupported(Modelfile modelfile)
    {
        if (modelfile.Drafts is [string draft, ..])
        {
            throw new CommandLineException($"DRAFT {draft}: this version of LocalLlm does not use draft models: leave the line out, the model gives the same answers without it");
        }
    }

    private static JsonObject RequestOf(Modelfile modelfile, string model, string? quantize)
    {
        JsonObject request = ModelfileRequest.FieldsOf(modelfile);
        request["model"] = model;
        if (quantize is not null)
        {
            request["quantize"] = quantize;
        }
        return request;
    }
}
