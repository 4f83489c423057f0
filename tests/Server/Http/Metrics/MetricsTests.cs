using System.Net;
using System.Text.RegularExpressions;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http.Metrics;

/// <summary><c>/metrics</c> of a server that was used.</summary>
public sealed class MetricsTests
{
    private const string Model = "{model=\"talker:latest\"}";

    [Fact]
    public async Task EveryLineIsOfTheFormat()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        await server.AskJsonAsync("/api/generate", """{"model":"talker","prompt":"x","stream":false}""");
        using HttpResponseMessage response = await server.Client.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        string page = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("\n", page, StringComparison.Ordinal);
        string? type = null;
        HashSet<string> names = [];
        foreach (string line in page.TrimEnd('\n').Split('\n'))
        {
            if (Regex.Match(line, "^# HELP ([a-z_]+) [A-Z].*\\.$") is { Success: true } help)
            {
                Assert.True(names.Add(help.Groups[1].Value), line);
                type = null;
            }
            else if (Regex.Match(line, "^# TYPE ([a-z_]+) (counter|gauge|histogram)$") is { Success: true } kind)
            {
                Assert.Null(type);
                Assert.Contains(kind.Groups[1].Value, names);
                type = kind.Groups[1].Value;
            }
            else
            {
                Assert.Matches($"^{type}(_bucket|_sum|_count)?({{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*}})? [0-9.E+-]+$", line);
            }
        }
    }

    [Fact]
    public async Task RequestsAreCountedByRouteAndStatus()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        await server.Client.GetStringAsync("/api/version");
        await server.AskErrorAsync("/api/chat", """{"model":"nobody","messages":[]}""");
        await server.AskErrorAsync("/api/chat", """{"model":"nobody","messages":[]}""");
        using HttpResponseMessage one = await server.Client.GetAsync("/v1/models/invented-by-a-client");
        using HttpResponseMessage none = await server.Client.GetAsync("/invented/by/a/client");
        string page = await PageWithAsync(server, "route=\"other\"");
        Assert.Contains("\nlocalllm_requests_total{route=\"/api/version\",status=\"200\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_requests_total{route=\"/api/chat\",status=\"404\"} 2\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_requests_total{route=\"/v1/models/{**id}\",status=\"404\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_requests_total{route=\"other\",status=\"404\"} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("invented", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerationsAreTimed()
    {
        GenerationUsage usage = new(11, 3, 4, TimeSpan.FromSeconds(0.75), TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(7));
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = ["a", "b", "", "c"], Usage = usage });
        await server.AskAsync("/api/chat", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""");
        await server.AskAsync("/v1/chat/completions", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""");
        string page = await server.Client.GetStringAsync("/metrics");
        Assert.Contains($"\nlocalllm_time_to_first_token_seconds_count{Model} 2\n", page, StringComparison.Ordinal);
        Assert.Contains($"\nlocalllm_inter_token_time_seconds_count{Model} 4\n", page, StringComparison.Ordinal);
        Assert.Contains($"\nlocalllm_queue_wait_seconds_sum{Model} 1.5\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_queue_wait_seconds_bucket{model=\"talker:latest\",le=\"0.5\"} 0\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_queue_wait_seconds_bucket{model=\"talker:latest\",le=\"1\"} 2\n", page, StringComparison.Ordinal);
        Assert.Contains($"\nlocalllm_load_time_seconds_count{Model} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_loads_total 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnginesShowTheirStatus()
    {
        EngineStatus status = new()
        {
            ActiveSequences = 2,
            WaitingSequences = 1,
            KvBlocks = 40,
            KvBlocksInUse = 7,
            KvBlocksCached = 5,
            KvBytesPerBlock = 4096,
            Steps = 9,
            StepTokens = 99,
            StepsByTokens = [4, 3, 2, 0, 0, 0, 0, 0, 0, 0, 1],
            PromptTokens = 80,
            CachedTokens = 30,
            GeneratedTokens = 25,
            DraftedTokens = 8,
            AcceptedTokens = 6,
            Preemptions = 1,
            EvictedBlocks = 3,
        };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Status = status });
        Assert.DoesNotContain("talker", await server.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        string page = await server.Client.GetStringAsync("/metrics");
        (string Name, long Value)[] expected =
        [
            ("models_loaded", 1), ("active_sequences", 2), ("waiting_sequences", 1), ("kv_blocks", 40), ("kv_blocks_in_use", 7), ("kv_blocks_cached", 5),
            ("kv_block_size_bytes", 4096), ("steps_total", 9), ("step_tokens_total", 99), ("prompt_tokens_total", 80), ("cached_tokens_total", 30),
            ("generated_tokens_total", 25), ("drafted_tokens_total", 8), ("accepted_tokens_total", 6), ("preemptions_total", 1), ("kv_evicted_blocks_total", 3),
            ("batch_size_sum", 19), ("batch_size_count", 10),
        ];
        Assert.All(expected, metric => Assert.Contains($"\nlocalllm_{metric.Name}{Model} {metric.Value}\n", page, StringComparison.Ordinal));
        Assert.Contains("\nlocalllm_batch_size_bucket{model=\"talker:latest\",le=\"2\"} 7\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_batch_size_bucket{model=\"talker:latest\",le=\"512\"} 9\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_batch_size_bucket{model=\"talker:latest\",le=\"+Inf\"} 10\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SumsSurviveUnloading()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(
            (_, _, _) => Task.FromResult<ITextEngine>(new ScriptedEngine { Status = new EngineStatus { GeneratedTokens = 5, KvBlocks = 9 } }));
        await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        await server.AskJsonAsync("/api/generate", """{"model":"talker","keep_alive":0}""");
        string page = await PageWithAsync(server, "# TYPE localllm_kv_blocks gauge\n#");
        Assert.Contains($"\nlocalllm_generated_tokens_total{Model} 5\n", page, StringComparison.Ordinal);
        await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        page = await server.Client.GetStringAsync("/metrics");
        Assert.Contains($"\nlocalllm_generated_tokens_total{Model} 10\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_loads_total 2\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LossesAndFailedLoadsAreCounted()
    {
        Queue<Func<ITextEngine>> engines = new([() => new ScriptedEngine(), () => throw new TextEngineException(TextEngineErrorKind.Internal, "No.")]);
        List<ScriptedEngine> loaded = [];
        await using ServerUnderTest server = await ServerUnderTest.StartAsync((_, _, _) =>
        {
            ITextEngine engine = engines.Dequeue()();
            loaded.Add((ScriptedEngine)engine);
            return Task.FromResult(engine);
        });
        await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        loaded[0].End.SetResult();
        await PageWithAsync(server, "\nlocalllm_runner_restarts_total 1\n");
        (HttpStatusCode status, _) = await server.AskAsync("/api/generate", """{"model":"talker"}""");
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        string page = await server.Client.GetStringAsync("/metrics");
        Assert.Contains("\nlocalllm_load_failures_total 1\n", page, StringComparison.Ordinal);
        Assert.Contains("\nlocalllm_loads_total 1\n", page, StringComparison.Ordinal);
    }

    /// <summary>The page once it holds a text; what never comes hangs. An answer can be read before the server has counted it.</summary>
    private static async Task<string> PageWithAsync(ServerUnderTest server, string text)
    {
        while (true)
        {
            string page = await server.Client.GetStringAsync("/metrics");
            if (page.Contains(text, StringComparison.Ordinal))
            {
                return page;
            }
        }
    }
}
