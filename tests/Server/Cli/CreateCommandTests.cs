using System.Text.Json;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Creation;
using LocalLlm.Server.Tests.Store;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>create</c> as it is typed.</summary>
public sealed class CreateCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-modelfile-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task FromAModelAndBackAgain()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string file = Write("Modelfile", "FROM talker\nSYSTEM \"\"\"Two\nlines.\"\"\"\nPARAMETER temperature 0.5\nPARAMETER mirostat 1\nMESSAGE user Hi\n");
        CliUnderTest cli = At(server);
        Assert.Equal(0, await cli.RunAsync("create", "mine", "-f", file));
        Assert.Equal("", cli.Out.ToString());
        string[] said = cli.Error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("Warning: (line 5): parameter mirostat is deprecated and has no effect", said[0]);
        Assert.Equal(["gathering model components", "reading model metadata"], said[1..3]);
        Assert.Equal(["writing manifest", "success"], said[^2..]);

        string modelfile = (await server.ShowAsync("mine")).GetProperty("modelfile").GetString()!;
        CliUnderTest again = At(server, modelfile);
        Assert.Equal(0, await again.RunAsync("create", "copy", "--file", "-"));
        JsonElement mine = await server.ShowAsync("mine"), copy = await server.ShowAsync("copy");
        foreach (string part in (string[])["system", "parameters", "messages", "license"])
        {
            Assert.Equal(mine.GetProperty(part).GetRawText(), copy.GetProperty(part).GetRawText());
        }
        Assert.Equal(server.ModelPath("mine"), server.ModelPath("copy"));
    }

    [Fact]
    public async Task FromAFileAndFromAFolder()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        File.Copy(RepoPaths.Vector("models", "qwen3-f16.gguf"), Path.Combine(_folder.FullName, "m.gguf"));
        CliUnderTest cli = At(server);
        Assert.Equal(0, await cli.RunAsync("create", "small", "-f", Write("One", "FROM ./m.gguf"), "-q", "q8_0"));
        Assert.Contains("\nquantizing F16 model to Q8_0\n", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Equal("Q8_0", server.ConfigOf("small").FileType);

        string parts = Directory.CreateDirectory(Path.Combine(_folder.FullName, "parts")).FullName;
        CreateTests.WriteParts(parts);
        Assert.Equal(0, await At(server).RunAsync("create", "merged", "-f", Write("Parts", "FROM ./parts/m-00001-of-00003.gguf")));
        Assert.Equal("F16", server.ConfigOf("merged").FileType);
        Assert.Equal(0, await At(server).RunAsync("create", "folder", "-f", Write("Folder", "FROM ./parts")));
        Assert.Equal(server.ModelPath("merged"), server.ModelPath("folder"));

        Assert.Equal(0, await At(server).RunAsync("create", "whole", "-f", Write("Two", $"FROM {RepoPaths.Vector("hf", "qwen2")}")));
        Assert.Equal("qwen2", server.ConfigOf("whole").ModelFamily);
    }

    [Fact]
    public async Task APersonSeesHowFarItIs()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        File.Copy(RepoPaths.Vector("models", "qwen3-f16.gguf"), Path.Combine(_folder.FullName, "m.gguf"));
        CliUnderTest cli = new() { AtTerminal = true, Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Http.Port}" } };
        Assert.Equal(0, await cli.RunAsync("create", "small", "-f", Write("One", "FROM ./m.gguf"), "-q", "q4_K_M"));
        string said = cli.Error.ToString();
        Assert.Contains("\rhashing m.gguf: ", said, StringComparison.Ordinal);
        Assert.Contains("\rcopying file sha256:", said, StringComparison.Ordinal);
        Assert.Contains("\nquantizing F16 model to Q4_K_M\n\rquantizing F16 model to Q4_K_M: 0 % of ", said, StringComparison.Ordinal);
        Assert.Contains(" \rcreating new layer sha256:", said, StringComparison.Ordinal); // over what is cleared
        Assert.EndsWith("\nwriting manifest\nsuccess\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MistakesAreTold()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        async Task<string> FailAsync(string modelfile)
        {
            CliUnderTest cli = At(server);
            Assert.Equal(1, await cli.RunAsync("create", "x", "-f", Write("Modelfile", modelfile)));
            return cli.Error.ToString().TrimEnd('\n').Split('\n')[^1];
        }
        Assert.StartsWith("Error: pull model manifest: ", await FailAsync("FROM 127.0.0.1:1/me/nope"), StringComparison.Ordinal);
        Assert.StartsWith("Error: 400 Bad Request: invalid model name", await FailAsync("FROM no//such"), StringComparison.Ordinal);
        Assert.StartsWith("Error: (line 2): command must be one of \"from\"", await FailAsync("FROM talker\nSISTEM x"), StringComparison.Ordinal);
        Assert.StartsWith("Error: no FROM line", await FailAsync("SYSTEM x"), StringComparison.Ordinal);
        Assert.StartsWith("Error: FROM names './gone.gguf', but there is no such file", await FailAsync("FROM ./gone.gguf"), StringComparison.Ordinal);
        Assert.StartsWith("Error: no Modelfile or safetensors files found", await FailAsync("FROM ."), StringComparison.Ordinal);
        Assert.StartsWith("Error: ADAPTER names './a.gguf', but there is no such file", await FailAsync("FROM talker\nADAPTER ./a.gguf"), StringComparison.Ordinal);
        Assert.Contains("which has no adapter_config.json", await FailAsync("FROM talker\nADAPTER ."), StringComparison.Ordinal);
        Assert.Contains("is for models of the architecture 'llama'", await FailAsync($"FROM talker\nADAPTER {RepoPaths.Vector("hf", "llama3-lora", "adapter.gguf")}"), StringComparison.Ordinal);
        string missing = Path.Combine(_folder.FullName, "Missing");
        Assert.Equal($"specified Modelfile wasn't found: '{missing}'", await At(server).FailAsync("create", "x", "-f", missing));
        server.RequireNothingHalfDone();
    }

    [Fact]
    public async Task ALinkOutOfTheFolderIsNotFollowed()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, "model.safetensors"), RepoPaths.Vector("hf", "qwen2", "model.safetensors"));
        CliUnderTest cli = At(server);
        Assert.Equal(1, await cli.RunAsync("create", "x", "-f", Write("Modelfile", "FROM .")));
        Assert.Contains("out of the model's folder", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task AFileOfTheSameDiskIsNotCopied(bool sameStore, bool isThere)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        using StoreFixture other = new();
        if (isThere)
        {
            Directory.CreateDirectory(other.Blobs);
            Directory.CreateDirectory(server.Store.Blobs.Folder);
        }
        string model = Path.Combine(_folder.FullName, "m.gguf");
        File.Copy(RepoPaths.Vector("models", "qwen3-f16.gguf"), model);
        CliUnderTest cli = At(server);
        cli.Variables["OLLAMA_MODELS"] = sameStore ? server.Store.Root : other.Root;
        Assert.Equal(0, await cli.RunAsync("create", "linked", "-f", Write("Modelfile", "FROM ./m.gguf")));

        string blob = server.ModelPath("linked");
        Assert.Equal(File.ReadAllBytes(model), File.ReadAllBytes(blob));
        // Where the file system has nothing better than links, a change in place shows through one.
        bool isLink = sameStore && !DurableFiles.TryClone(model, Path.Combine(_folder.FullName, "clone"));
        long length = new FileInfo(model).Length;
        File.AppendAllText(model, "!");
        Assert.Equal(isLink ? length + 1 : length, new FileInfo(blob).Length);
        Assert.Equal(isThere, Directory.Exists(other.Blobs)); // the question has left nothing
        Assert.Empty(isThere ? Directory.GetFiles(other.Blobs) : []);
        Assert.All(Directory.GetFiles(server.Store.Blobs.Folder), path => Assert.NotEqual(32, new FileInfo(path).Length));
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    internal static CliUnderTest At(StoreServer server, string input = "") => new() { Input = input, Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Http.Port}" } };
}
