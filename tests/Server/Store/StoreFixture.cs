using System.Security.Cryptography;
using System.Text;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Store;

/// <summary>A store in a folder of its own, written by hand from the rules of the layout and not through the code under test; gone afterwards.</summary>
internal sealed class StoreFixture : IDisposable
{
    public const string Template = "{{ if .System }}<|system|>{{ .System }}{{ end }}<|user|>{{ .Prompt }}";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-store-");

    public string Root => Path.Combine(_folder.FullName, "models");

    public string Blobs => Path.Combine(Root, "blobs");

    public ModelStore Open(bool readOnly = false) => new(Root, readOnly);

    public static ModelName Name(string text) => ModelName.TryParse(text, out ModelName? name) ? name.Value : throw new ArgumentException(text);

    /// <summary>Writes a blob and gives its digest with its size.</summary>
    public (string Digest, long Size) Blob(byte[] content)
    {
        Directory.CreateDirectory(Blobs);
        string hex = Convert.ToHexStringLower(SHA256.HashData(content));
        File.WriteAllBytes(Path.Combine(Blobs, $"sha256-{hex}"), content);
        return ($"sha256:{hex}", content.Length);
    }

    public (string Digest, long Size) Blob(string text) => Blob(Encoding.UTF8.GetBytes(text));

    public string PathOf(string digest) => Path.Combine(Blobs, digest.Replace(':', '-'));

    /// <summary>Path of a manifest.</summary>
    /// <param name="name">All four parts, as folders: <c>registry.ollama.ai/library/tiny/latest</c>.</param>
    public string ManifestPath(string name) => Path.Combine([Root, "manifests", .. name.Split('/')]);

    public string RawManifest(string name, string json)
    {
        string path = ManifestPath(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, json);
        return path;
    }

    /// <summary>Writes a manifest of layers, each given by the last word of its media type and its blob; spaces and key order as no serialiser here has them.</summary>
    public string Manifest(string name, string config, params (string Type, (string Digest, long Size) Blob)[] layers)
    {
        (string digest, long size) = Blob(config);
        IEnumerable<string> written = layers.Select(layer =>
            $$"""{ "mediaType": "application/vnd.ollama.image.{{layer.Type}}", "size": {{layer.Blob.Size}}, "digest": "{{layer.Blob.Digest}}" }""");
        return RawManifest(name, $$"""
            { "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
              "config": { "digest": "{{digest}}", "mediaType": "application/vnd.docker.container.image.v1+json", "size": {{size}} },
              "layers": [ {{string.Join(", ", written)}} ] }
            """);
    }

    /// <summary>A model of one tiny GGUF file with everything that a library model has.</summary>
    public string WholeModel(string name = "registry.ollama.ai/library/tiny/latest", string vector = "qwen3-q8_0.gguf") => Manifest(
        name,
        """{"model_format":"gguf","model_family":"qwen3","model_families":["qwen3"],"model_type":"1.2M","file_type":"Q8_0","architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"unknown":{"a":1}}""",
        ("model", Blob(File.ReadAllBytes(RepoPaths.Vector("models", vector)))),
        ("template", Blob(Template)),
        ("system", Blob("You are tiny.")),
        ("params", Blob("""{"stop":["<|end|>","<|user|>"],"temperature":0.5,"num_ctx":128}""")),
        ("messages", Blob("""[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]""")),
        ("license", Blob("The first licence.\nSecond line.\n")),
        ("license", Blob("The other licence.")));

    public string[] BlobNames() => Directory.Exists(Blobs) ? [.. Directory.EnumerateFiles(Blobs).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)] : [];

    public void Dispose() => _folder.Delete(recursive: true);
}
