using System.Net.Http.Json;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Conversion;
using LocalLlm.Engine.Quantization;
using LocalLlm.Gguf;
using LocalLlm.Server.Creation;
using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Registry;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Creation;

/// <summary><c>/api/create</c> over a store of its own.</summary>
public sealed class CreateTests
{
    private static readonly string s_models = RepoPaths.Vector("models");

    [Fact]
    public async Task FromAModelWithOtherWords()
    {
        ScriptedEngine engine = new();
        await using StoreServer server = await StoreServer.StartAsync(engine);
        string[] statuses = await server.CreateAsync(
            """{"model":"Mine","from":"talker","system":"Be brief.","parameters":{"temperature":0.125,"num_ctx":64},"license":["L1"],"messages":[{"role":"User","content":"Hi"},{"role":"assistant","content":"Ho"}]}""");
        Assert.Equal("reading model metadata", statuses[0]);
        Assert.Contains("creating system layer", statuses);
        Assert.Contains(statuses, status => status.StartsWith("using existing layer sha256:", StringComparison.Ordinal));
        Assert.Contains(statuses, status => status.StartsWith("creating new layer sha256:", StringComparison.Ordinal));
        Assert.Equal(["writing manifest", "success"], statuses[^2..]);

        await server.Http.AskJsonAsync("/api/chat", """{"model":"mine","stream":false,"messages":[{"role":"user","content":"q"}]}""");
        GenerationRequest asked = engine.Requests.Single();
        Assert.Equal("system:Be brief.|user:Hi|assistant:Ho|user:q", string.Join('|', asked.Messages!.Select(message => $"{message.Role}:{message.Content}")));
        Assert.Equal((0.125f, 0.75f, 64), (asked.Sampling.Temperature, asked.Sampling.TopP, asked.ContextLength)); // top_p is talker's
        Assert.Equal(["<end>", "\n\n"], asked.Stop);

        Assert.Equal(File.ReadAllBytes(Path.Combine(s_models, "qwen3-q8_0.gguf")), File.ReadAllBytes(server.ModelPath("mine")));
        ModelConfig config = server.ConfigOf("mine");
        Assert.Equal(("gguf", "qwen3", "Q8_0", "amd64", "linux"), (config.ModelFormat, config.ModelFamily, config.FileType, config.Architecture, config.Os));
        Assert.Equal(server.Manifest("mine").Manifest.Layers.Select(layer => layer.Digest), config.Rootfs!.DiffIds!);
        JsonElement show = await server.ShowAsync("mine");
        Assert.Equal("talker:latest", show.GetProperty("details").GetProperty("parent_model").GetString());
        Assert.Equal("Apache-2.0\nL1", show.GetProperty("license").GetString());
    }

    [Fact]
    public async Task AgainFromAModelOfTheStore()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        await server.CreateAsync("""{"model":"a","from":"talker","system":"One.","license":"L","parameters":{"seed":1}}""");
        await server.CreateAsync("""{"model":"b","from":"a","license":"L","parameters":{"seed":2}}""");
        JsonElement b = await server.ShowAsync("b");
        Assert.Equal(("One.", "Apache-2.0\nL"), (b.GetProperty("system").GetString(), b.GetProperty("license").GetString()));
        Assert.Contains("\nPARAMETER seed 2\n", b.GetProperty("modelfile").GetString(), StringComparison.Ordinal);
        Assert.Equal("a:latest", b.GetProperty("details").GetProperty("parent_model").GetString());

        // What is not said is inherited.
        await server.CreateAsync("""{"model":"c","from":"a","renderer":"qwen3-coder","parser":"qwen3","requires":"0.14.0","info":{"base_name":"tiny","context_length":40960}}""");
        await server.CreateAsync("""{"model":"d","from":"c","parser":"qwen3-thinking","messages":[]}""");
        ModelConfig d = server.ConfigOf("d");
        Assert.Equal(("qwen3-coder", "qwen3-thinking", "0.14.0", "tiny", 40960), (d.Renderer, d.Parser, d.Requires, d.BaseName, d.ContextLength));

        // In place, and a text can be taken away; its blob goes with the last model that has it.
        Assert.Contains(server.Blobs, blob => blob == "One.");
        await server.CreateAsync("""{"model":"A","from":"a","system":""}""");
        Assert.False((await server.ShowAsync("a")).TryGetProperty("system", out _));
        Assert.Equal(4, server.Store.List().Models.Count);
        foreach (string name in (string[])["b", "c", "d"])
        {
            await server.CreateAsync($$"""{"model":"{{name}}","from":"{{name}}","system":"Two."}""");
        }
        Assert.DoesNotContain(server.Blobs, blob => blob == "One.");
        await server.CreateAsync("""{"model":"a","from":"a","parameters":{"seed":1,"stop":["x"]}}""");
        Assert.Contains("\nPARAMETER stop x\n", (await server.ShowAsync("a")).GetProperty("modelfile").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FromAModelfileAsOldClientsSendIt()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        await server.CreateAsync("""{"name":"mario","modelfile":"FROM talker\nSYSTEM You are Mario.\nPARAMETER seed 7\nMESSAGE user Hi","system":"You are Luigi.","stream":false}""");
        JsonElement show = await server.ShowAsync("mario");
        Assert.Equal("You are Luigi.", show.GetProperty("system").GetString()); // fields of the request go before
        Assert.Contains("\nPARAMETER seed 7\n", show.GetProperty("modelfile").GetString(), StringComparison.Ordinal);
        Assert.Equal("Hi", show.GetProperty("messages")[0].GetProperty("content").GetString());
        await server.CreateAsync("""{"name":"peach","modelfile":"FROM nobody","from":"talker"}""");
    }

    [Fact]
    public async Task AModelThatIsNotThereIsFetched()
    {
        await using PullBench bench = await PullBench.StartAsync();
        (_, string text) = await bench.Server.AskAsync("/api/create", $$"""{"model":"mine","from":"{{bench.Name}}","insecure":true,"system":"Mine."}""");
        string[] statuses = [.. PullBench.Lines(text).Select(line => line.GetProperty("status").GetString()!)];
        Assert.Equal(["pulling manifest", "success"], [statuses[0], statuses[^1]]);
        Assert.Contains(statuses, status => status.StartsWith("pulling ", StringComparison.Ordinal) && status != "pulling manifest");
        Assert.Single(statuses, "success");
        Assert.Equal("Mine.", (await bench.Server.AskJsonAsync("/api/show", """{"model":"mine"}""")).GetProperty("system").GetString());
        Assert.Equal(
            [bench.Name, "mine:latest"], (await bench.Server.Client.GetFromJsonAsync<JsonElement>("/api/tags")).GetProperty("models").EnumerateArray().Select(model => model.GetProperty("name").GetString()!).Order());
    }

    [Fact]
    public async Task AModelThatCannotBeFetchedIsNamed()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        (_, string error) = await server.FailAsync("""{"model":"x","from":"127.0.0.1:1/me/nobody"}""");
        Assert.StartsWith("pull model manifest: ", error, StringComparison.Ordinal);
        server.RequireNothingHalfDone();
    }

    [Fact]
    public async Task AStoreThatIsReadOnlyIsNotChanged()
    {
        string folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { StoreFolder = folder, StoreReadOnly = true });
        (int status, string error) = await server.AskErrorAsync("/api/create", """{"model":"x","from":"talker"}""");
        Assert.Equal(403, status);
        Assert.Contains("is read-only", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task FromAGgufFile()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string files = await server.UploadAllAsync(s_models, "qwen2-q8_0.gguf");
        string[] statuses = await server.CreateAsync($$"""{"name":"me/two:v1","files":{{files}},"template":"{{"{{ .Prompt }}"}}"}""");
        Assert.Equal(["parsing GGUF", "success"], [statuses[0], statuses[^1]]);
        Assert.Equal(("qwen2", "Q8_0"), (server.ConfigOf("me/two:v1").ModelFamily, server.ConfigOf("me/two:v1").FileType));
        Assert.Equal("{{ .Prompt }}", (await server.ShowAsync("me/two:v1")).GetProperty("template").GetString());
        Assert.Equal("""{"status":"success"}""", (await server.Http.AskAsync("/api/create", $$"""{"model":"x","files":{{files}},"stream":false}""")).Text);
    }

    [Theory]
    [InlineData("qwen3-tied", "model.safetensors")]
    [InlineData("qwen3-sharded", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json")]
    public async Task FromSafetensors(string checkpoint, params string[] weights)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string folder = RepoPaths.Vector("hf", checkpoint);
        string files = await server.UploadAllAsync(folder, [.. weights, "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]);
        string[] statuses = await server.CreateAsync($$"""{"model":"converted","files":{{files}}}""");
        Assert.Equal("converting model", statuses[0]);
        using MemoryStream expected = new();
        using (ModelConverter converter = ModelConverter.Open(folder, new ConversionOptions { Name = "converted" }))
        {
            converter.Write(expected);
        }
        Assert.Equal(expected.ToArray(), File.ReadAllBytes(server.ModelPath("converted")));
        Assert.Equal("qwen3", server.ConfigOf("converted").ModelFamily);
        Assert.All(Directory.GetFiles(server.Store.Blobs.Folder), path => Assert.Matches("^sha256-[0-9a-f]{64}$", Path.GetFileName(path)));
    }

    [Fact]
    public async Task FromAGgufFileInParts()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("localllm-parts-");
        try
        {
            string[] names = WriteParts(folder.FullName);
            string files = await server.UploadAllAsync(folder.FullName, names);
            string[] statuses = await server.CreateAsync($$"""{"model":"whole","files":{{files}}}""");
            Assert.Contains("merging 3 parts", statuses);
            using GgufFile expected = GgufFile.Open(Path.Combine(s_models, "qwen3-f16.gguf")), merged = GgufFile.Open(server.ModelPath("whole"));
            Assert.Equal(expected.Metadata.Select(entry => entry.Key), merged.Metadata.Select(entry => entry.Key));
            Assert.Equal(expected.Tensors.Select(Describe), merged.Tensors.Select(Describe));

            (_, string error) = await server.FailAsync($$"""{"model":"half","files":{{await server.UploadAllAsync(folder.FullName, names[..2])}}}""");
            Assert.Contains("part 3 of 3 is missing, put the file 'm-00003-of-00003.gguf' beside it", error, StringComparison.Ordinal);
            Assert.DoesNotContain(Path.GetTempPath(), error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Quantized()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string files = await server.UploadAllAsync(s_models, "qwen3-f16.gguf");
        string[] statuses = await server.CreateAsync($$"""{"model":"small","files":{{files}},"quantize":"q8_0"}""");
        Assert.Contains("quantizing F16 model to Q8_0", statuses);
        Assert.Equal("Q8_0", server.ConfigOf("small").FileType);
        string expected = Path.Combine(server.Store.Root, "expected.gguf");
        using (GgufFile source = GgufFile.Open(Path.Combine(s_models, "qwen3-f16.gguf")))
        {
            Assert.True(QuantizationRecipe.TryFind("Q8_0", out QuantizationRecipe? recipe));
            ModelQuantizer.Write(QuantizationPlan.Of(source, recipe), expected, threads: 1);
        }
        Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(server.ModelPath("small")));

        // Rounding what is rounded is refused, also from the store.
        (int _, string error) = await server.FailAsync("""{"model":"tiny","from":"small","quantize":"q4_0"}""");
        Assert.StartsWith("quantization is only supported for F16, BF16 and F32 models", error, StringComparison.Ordinal);
        Assert.Single(server.Store.List().Models);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatWasMadeOnTheWayGoes(bool prune)
    {
        await using StoreServer server = await StoreServer.StartAsync(prune: prune);
        string[] names = ["model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];
        string files = await server.UploadAllAsync(RepoPaths.Vector("hf", "qwen3-tied"), names);
        await server.CreateAsync($$"""{"model":"small","files":{{files}},"quantize":"q8_0","system":"One."}""");
        await server.CreateAsync("""{"model":"small","from":"small","system":"Two."}""");
        // The uploads, the model and the parts of it; besides the weights before they were rounded, and what the first one said with its config.
        Assert.Equal(names.Length + 3 + (prune ? 0 : 3), Directory.GetFiles(server.Store.Blobs.Folder).Length);
        Assert.Equal(prune ? 0 : 1, server.Blobs.Count(blob => blob == "One."));
    }

    [Theory]
    [InlineData(400, "neither 'from' or 'files' was specified", """{"model":"x"}""")]
    [InlineData(400, "invalid model name", """{"model":"a b","from":"talker"}""")]
    [InlineData(400, "invalid model name", """{"from":"talker"}""")]
    [InlineData(400, "invalid model name", """{"model":"x","from":"no/such//name"}""")]
    [InlineData(400, "file path must be relative", """{"model":"x","files":{"../m.gguf":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}""")]
    [InlineData(400, "file path must be relative", """{"model":"x","files":{"/m.gguf":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}""")]
    [InlineData(400, "invalid digest format", """{"model":"x","files":{"m.gguf":"sha256:00"}}""")]
    [InlineData(400, "is not in the store: upload it", """{"model":"x","files":{"m.gguf":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}""")]
    [InlineData(400, "unsupported quantization type Q9 - supported types are ", """{"model":"x","from":"talker","quantize":"q9"}""")]
    [InlineData(400, "template error: ", """{"model":"x","from":"talker","template":"{{ if }}"}""")]
    [InlineData(400, "message role must be one of", """{"model":"x","from":"talker","messages":[{"role":"tool","content":"x"}]}""")]
    [InlineData(400, "temperature", """{"model":"x","from":"talker","parameters":{"temperature":"hot"}}""")]
    [InlineData(400, "info.context_length must be an integer", """{"model":"x","from":"talker","info":{"context_length":"long"}}""")]
    [InlineData(400, "info.capabilities[0] must be a string", """{"model":"x","from":"talker","info":{"capabilities":[1]}}""")]
    [InlineData(400, "info must be an object", """{"model":"x","from":"talker","info":"qwen3"}""")]
    [InlineData(400, "adapters gives \"a.gguf\" no sha256:", """{"model":"x","from":"talker","adapters":{"a.gguf":"sha256:00"}}""")]
    [InlineData(400, "is not in the store: upload it", """{"model":"x","from":"talker","adapters":{"a.gguf":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}""")]
    [InlineData(400, "adapter_scales names \"b.gguf\", which adapters does not", """{"model":"x","from":"talker","adapter_scales":{"b.gguf":2}}""")]
    [InlineData(400, "(line 2): command must be one of", """{"model":"x","modelfile":"FROM talker\nSISTEM x"}""")]
    [InlineData(400, "upload files with POST /api/blobs/DIGEST", """{"model":"x","modelfile":"FROM talker\nADAPTER ./a"}""")]
    [InlineData(400, "invalid model name", """{"model":"x","modelfile":"FROM ./talker.gguf"}""")]
    [InlineData(400, "does not use draft models", """{"model":"x","from":"talker","draft_files":{"a.gguf":"sha256:00"}}""")]
    public async Task WhatIsWrongIsToldBeforeAnyWork(int status, string sentence, string request)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        (int found, string error) = await server.FailAsync(request);
        Assert.Equal(status, found);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
        server.RequireNothingHalfDone();
    }

    [Theory]
    [InlineData("a", "a/model.safetensors")]
    [InlineData("a/model.safetensors", "a")]
    public async Task NamesThatLeadThroughEachOtherAreRefused(string first, string second)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string digest = await server.UploadAsync(RepoPaths.Vector("hf", "qwen3moe", "config.json"));
        (int status, string error) = await server.FailAsync($$"""{"model":"x","files":{"{{first}}":"{{digest}}","{{second}}":"{{digest}}"} }""");
        Assert.Equal(400, status);
        Assert.Contains($"the file \"{second}\" has a name that is another's", error, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), error, StringComparison.Ordinal);
        server.RequireNothingHalfDone();
    }

    [Theory]
    [InlineData("m.gguf", "supplied file was not in GGUF format: \"m.gguf\"")]
    [InlineData("m.xyz", "unknown type of the file \"m.xyz\"")]
    [InlineData("model.safetensors", "config.json")]
    public async Task BrokenFilesAreNamedAsTheClientNamesThem(string name, string sentence)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string digest = await server.UploadAsync(RepoPaths.Vector("hf", "qwen3moe", "config.json"));
        (_, string error) = await server.FailAsync($$"""{"model":"x","files":{"{{name}}":"{{digest}}"} }""");
        Assert.Contains(sentence, error, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), error, StringComparison.Ordinal);
        server.RequireNothingHalfDone();
    }

    [Fact]
    public async Task BytesOfAnotherDigestAreNotKept()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string digest = "sha256:" + new string('1', 64);
        using HttpResponseMessage response = await server.Http.Client.PostAsync($"/api/blobs/{digest}", new ByteArrayContent([1, 2, 3]));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal(400, (await server.FailAsync($$"""{"model":"x","files":{"m.gguf":"{{digest}}"} }""")).Status);
        server.RequireNothingHalfDone();
    }

    [Fact]
    public async Task GivingUpLeavesNothingBehind()
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string files = await server.UploadAllAsync(s_models, "qwen3-f16.gguf");
        CreateRequest request = CreateRequest.Read(JsonBody.Parse(System.Text.Encoding.UTF8.GetBytes($$"""{"model":"x","files":{{files}},"quantize":"q4_K_M"}""")));
        using CancellationTokenSource cancellation = new();
        List<string> statuses = [];
        Workshop shop = new(server.Store, 1, progress =>
        {
            statuses.Add(progress.Status);
            if (progress.Completed > 0)
            {
                cancellation.Cancel();
            }
        }, cancellation.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new ModelCreation(request, CreationSource.Of(request, new ServedModels([], server.Store), null!)).RunAsync(shop));
        Assert.Equal("quantizing F16 model to Q4_K_M", statuses[^1]);
        server.RequireNothingHalfDone();
    }

    /// <summary>Cuts a model into three files.</summary>
    internal static string[] WriteParts(string folder)
    {
        const int Count = 3;
        using GgufFile whole = GgufFile.Open(Path.Combine(s_models, "qwen3-f16.gguf"));
        GgufTensor[][] parts = [.. whole.Tensors.Chunk((whole.Tensors.Count + Count - 1) / Count)];
        Assert.Equal(Count, parts.Length);
        string[] names = [.. Enumerable.Range(1, Count).Select(number => $"m-{number:D5}-of-{Count:D5}.gguf")];
        for (int i = 0; i < Count; i++)
        {
            GgufWriter writer = new();
            foreach ((string key, GgufValue value) in whole.Metadata.Take(i == 0 ? int.MaxValue : 0))
            {
                writer.Add(key, value);
            }
            writer.Add("split.no", (ushort)i);
            writer.Add("split.count", (ushort)Count);
            writer.Add("split.tensors.count", whole.Tensors.Count);
            foreach (GgufTensor tensor in parts[i])
            {
                writer.AddTensor(tensor);
            }
            writer.Write(Path.Combine(folder, names[i]));
        }
        return names;
    }

    private static unsafe string Describe(GgufTensor tensor) =>
        $"{tensor.Name} {tensor.Type} {string.Join(',', tensor.Dimensions)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength)))}";
}
