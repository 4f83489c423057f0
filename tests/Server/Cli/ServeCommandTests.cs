using System.Text.Json;
using System.Text.RegularExpressions;
using LocalLlm.Engine;
using LocalLlm.Server.Cli;
using LocalLlm.Server.Tests.Runners;
using LocalLlm.Server.Tests.Store;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

public class ServeCommandTests
{
    [Fact]
    public async Task ServesUntilInterruptedAndSaysWhatIsInForce()
    {
        CliUnderTest cli = new() { Engine = new ScriptedEngine { Pieces = ["Hi"] }, Variables = { ["OLLAMA_HOST"] = "127.0.0.1:0", ["OLLAMA_MAX_QUEUE"] = "x" } };
        Task<int> serving = cli.RunAsync("serve", "--simd", "scalar", "--threads", "1", "--ctx", "64", "--model", $"own={RepoPaths.Vector("models", "qwen3-q8_0.gguf")}");
        Uri address = await AddressAsync(cli, serving);
        Assert.StartsWith("Warning: OLLAMA_MAX_QUEUE is \"x\"", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Contains(": simd scalar, threads 1, kv f16, activations q8; listening on http://127.0.0.1:", cli.Error.ToString(), StringComparison.Ordinal);

        using (HttpClient client = new() { BaseAddress = address })
        {
            string tags = await client.GetStringAsync("/api/tags");
            Assert.Contains("smollm2", tags);
            Assert.Contains("own:latest", tags);
            HttpResponseMessage answer = await client.PostAsync("/api/generate", new StringContent("""{"model":"own","prompt":"x","stream":false}"""));
            Assert.Contains("\"response\":\"Hi\"", await answer.Content.ReadAsStringAsync());
        }
        Assert.Equal(64, Assert.Single(cli.Opened).Options.ContextLength);
        Assert.DoesNotContain("other machines", cli.Error.ToString(), StringComparison.Ordinal);
        cli.Interrupt();
        Assert.Equal(0, await serving);
    }

    [Theory]
    [InlineData("http://127.0.0.1:11434", null)]
    [InlineData("http://[::1]:11434", null)]
    [InlineData("http://0.0.0.0:11434", "http://0.0.0.0:11434")]
    [InlineData("http://[::]:11434", "http://[::]:11434")]
    [InlineData("http://192.168.7.7:80", "http://192.168.7.7")]
    public void WarnsOfAddressesThatOthersCanReach(string address, string? named)
    {
        string? warning = ServeCommand.ExposureOf([new Uri("http://127.0.0.1:1"), new Uri(address)]);
        if (named is null)
        {
            Assert.Null(warning);
        }
        else
        {
            Assert.StartsWith($"{named} can be reached from other machines, and no key is asked for", warning, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ModelsOfOneFileWithAndWithoutAdapterAnswerEachInItsWay()
    {
        using StoreFixture store = new();
        string modelfile = Path.Combine(store.Root, "Modelfile");
        CliUnderTest cli = new() { Runner = RealRunner.Program, Variables = { ["OLLAMA_HOST"] = "127.0.0.1:0", ["OLLAMA_MODELS"] = store.Root } };
        Task<int> serving = cli.RunAsync("serve", "--threads", "1", "--kv", "f32", "--ctx", "256");
        using HttpClient client = new() { BaseAddress = await AddressAsync(cli, serving) };
        async Task RequireAsync(string model, string folder, string from)
        {
            CliUnderTest creator = new() { Variables = { ["OLLAMA_HOST"] = client.BaseAddress!.Authority, ["OLLAMA_MODELS"] = store.Root } };
            File.WriteAllText(modelfile, from);
            Assert.True(await creator.RunAsync("create", model, "-f", modelfile) == 0, creator.Error.ToString());
            JsonElement test = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", folder, "expected.json"))).RootElement.GetProperty("cases")[0];
            string body = $$"""{"model":"{{model}}","prompt":{{test.GetProperty("text").GetRawText()}},"raw":true,"stream":false,"options":{"temperature":0,"num_predict":8} }""";
            using HttpResponseMessage response = await client.PostAsync("/api/generate", new StringContent(body));
            JsonElement answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
            // What the oracle's tokens read as; the first eight are plain letters.
            JsonElement words = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", "qwen3-tied", "tokenizer.json"))).RootElement.GetProperty("model").GetProperty("vocab");
            IEnumerable<string> expected = test.GetProperty("greedy16").EnumerateArray().Take(8)
                .Select(token => words.EnumerateObject().First(word => word.Value.GetInt32() == token.GetInt32()).Name);
            Assert.Equal(string.Concat(expected), answer.GetProperty("response").GetString());
        }
        Directory.CreateDirectory(store.Root);
        await RequireAsync("plain", "qwen3-tied", $"FROM {RepoPaths.Vector("hf", "qwen3-tied")}");
        await RequireAsync("adapted", "qwen3-tied-lora", $"FROM plain\nADAPTER {RepoPaths.Vector("hf", "qwen3-tied-lora", "adapter.gguf")}");
        Assert.Equal(2, JsonDocument.Parse(await client.GetStringAsync("/api/ps")).RootElement.GetProperty("models").GetArrayLength());
        cli.Interrupt();
        Assert.Equal(0, await serving);
    }

    [Fact]
    public async Task LimitsComeFromTheEnvironment()
    {
        CliUnderTest cli = new()
        {
            Engine = new ScriptedEngine { BeforeStart = cancelled => Task.Delay(Timeout.Infinite, cancelled) },
            Variables = { ["OLLAMA_HOST"] = "127.0.0.1:0", ["OLLAMA_NUM_PARALLEL"] = "2", ["OLLAMA_MAX_QUEUE"] = "1" },
        };
        Task<int> serving = cli.RunAsync("serve");
        using HttpClient client = new() { BaseAddress = await AddressAsync(cli, serving) };
        Task<HttpResponseMessage>[] requests =
            [.. Enumerable.Range(0, 4).Select(_ => client.PostAsync("/api/generate", new StringContent("""{"model":"smollm2","prompt":"x"}""")))];
        HttpResponseMessage refused = await await Task.WhenAny(requests);
        Assert.Contains("server busy", await refused.Content.ReadAsStringAsync());
        while (cli.Opened.Count == 0)
        {
            await Task.Delay(1); // the refusal may be sooner than the load
        }
        (_, ModelOptions options) = Assert.Single(cli.Opened);
        Assert.Equal(2, options.MaxSequences);
        Assert.InRange(options.CacheBytes!.Value, 1, long.MaxValue); // what the plan grants
        cli.Interrupt();
        foreach (HttpResponseMessage response in (await Task.WhenAll(requests)).Except([refused]))
        {
            Assert.Contains("the server is shutting down", await response.Content.ReadAsStringAsync());
        }
        Assert.Equal(0, await serving);
    }

    [Fact]
    public async Task SecondInterruptEndsAtOnce()
    {
        TaskCompletionSource generating = new(TaskCreationOptions.RunContinuationsAsynchronously);
        CliUnderTest cli = new()
        {
            Engine = new ScriptedEngine
            {
                BeforePiece = (_, cancelled) =>
                {
                    generating.TrySetResult();
                    return Task.Delay(Timeout.Infinite, cancelled);
                },
            },
            Variables = { ["OLLAMA_HOST"] = "127.0.0.1:0", ["LOCALLLM_STOP_TIMEOUT"] = "1h" },
        };
        Task<int> serving = cli.RunAsync("serve");
        using HttpClient client = new() { BaseAddress = await AddressAsync(cli, serving) };
        Task<HttpResponseMessage> request = client.PostAsync("/api/generate", new StringContent("""{"model":"smollm2","prompt":"x"}"""));
        await generating.Task;
        cli.Interrupt();
        cli.Interrupt();
        Assert.Equal(0, await serving);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => request);
    }

    [Fact]
    public async Task AnAddressInUseIsToldInOneSentence()
    {
        CliUnderTest first = new() { Engine = new ScriptedEngine(), Variables = { ["OLLAMA_HOST"] = "127.0.0.1:0" } };
        Task<int> serving = first.RunAsync("serve");
        Uri address = await AddressAsync(first, serving);
        CliUnderTest second = new() { Engine = new ScriptedEngine(), Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{address.Port}" } };
        Assert.Equal($"listen tcp 127.0.0.1:{address.Port}: bind: address already in use", await second.FailAsync("serve"));
        first.Interrupt();
        Assert.Equal(0, await serving);
    }

    private static async Task<Uri> AddressAsync(CliUnderTest cli, Task<int> serving)
    {
        while (true)
        {
            if (Regex.Match(cli.Error.ToString(), @"listening on (\S+)") is { Success: true } match)
            {
                return new Uri(match.Groups[1].Value);
            }
            Assert.False(serving.IsCompleted, cli.Error.ToString());
            await Task.Delay(20);
        }
    }
}
