using System.Text.Json;
using LocalLlm.Kernels;
using LocalLlm.Server.Cli.Bench;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>bench</c> on a small model: what is measured and how it is written, never how fast it was.</summary>
public class BenchCommandTests
{
    private static readonly string s_model = RepoPaths.Vector("models", "qwen3-q4_k_m.gguf");

    [Fact]
    public async Task JsonHasAnObjectForEveryTest()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("bench", s_model, "-p", "4,40", "-n", "3", "-d", "0,33", "-t", "1,2", "-r", "2", "-o", "json"));
        JsonElement[] tests = [.. JsonDocument.Parse(cli.Out.ToString()).RootElement.EnumerateArray()];
        Assert.Equal(
            [
                (1, 0, 4, 0), (1, 0, 40, 0), (1, 0, 0, 3), (1, 33, 4, 0), (1, 33, 40, 0), (1, 33, 0, 3),
                (2, 0, 4, 0), (2, 0, 40, 0), (2, 0, 0, 3), (2, 33, 4, 0), (2, 33, 40, 0), (2, 33, 0, 3),
            ],
            tests.Select(test => (Number(test, "n_threads"), Number(test, "n_depth"), Number(test, "n_prompt"), Number(test, "n_gen"))));
        Assert.All(tests, CheckObject);
        Assert.Equal(
            ["pp4", "pp40", "tg3", "pp4 @ d33", "pp40 @ d33", "tg3 @ d33"],
            cli.Error.ToString().Split('\n').Where(line => line.Contains("threads 1")).Select(line => line.Split(',')[0]));
    }

    [Fact]
    public async Task MarkdownHasTheUsualColumns()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("bench", s_model, "-p", "5", "-n", "2", "-d", "7", "-t", "2", "-r", "1"));
        string[] lines = cli.Out.ToString().Split('\n');
        Assert.Equal(["model", "size", "params", "backend", "threads", "test", "t/s"], Cells(lines[0]));
        Assert.Matches(@"^\| -+ \| -+: \| -+: \| -+ \| -+: \| -+: \| -+: \|$", lines[1]);
        Assert.Equal(["CPU", "2", "pp5 @ d7"], Cells(lines[2])[3..6]);
        Assert.Matches(@"^\d+\.\d\d ± 0\.00$", Cells(lines[2])[6]);
        Assert.Equal("tg2 @ d7", Cells(lines[3])[5]);
        Assert.All(lines[..4], line => Assert.Equal(lines[0].Length, line.Length));
        Assert.Matches(@"^build: \w+ \(\d+\.\d+\.\d+\), \S", lines[5]);
    }

    [Fact]
    public async Task MarkdownShowsWhatIsNotTheDefault()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("bench", s_model, "-p", "5", "-n", "0", "-t", "1", "-r", "1", "--kv", "f32", "--activations", "f32"));
        string[] lines = cli.Out.ToString().Split('\n');
        Assert.Equal(["model", "size", "params", "backend", "threads", "type_k", "type_v", "activations", "test", "t/s"], Cells(lines[0]));
        Assert.Equal(["f32", "f32", "f32", "pp5"], Cells(lines[2])[5..9]);
        Assert.Equal("", lines[3]);
    }

    [Fact]
    public async Task CsvHasALineForEveryTest()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("bench", s_model, "-p", "5", "-p", "6", "-n", "0", "--threads", "1", "--repetitions", "1", "--output", "csv", "--simd", "scalar"));
        string[] lines = cli.Out.ToString().TrimEnd('\n').Split('\n');
        string[] names = lines[0].Split(',');
        Assert.Equal(3, lines.Length);
        foreach ((string line, string prompt) in lines[1..].Zip(["5", "6"]))
        {
            string[] values = line.Trim('"').Split("\",\"");
            Assert.Equal(names.Length, values.Length);
            Dictionary<string, string> row = names.Zip(values).ToDictionary();
            Assert.Equal((prompt, "0", "scalar", s_model), (row["n_prompt"], row["n_gen"], row["simd"], row["model_filename"]));
        }
    }

    [Fact]
    public async Task ThreadsComeFromTheEnvironment()
    {
        CliUnderTest cli = new() { Variables = { ["LOCALLLM_THREADS"] = "3" } };
        Assert.Equal(0, await cli.RunAsync("bench", s_model, "-p", "2", "-n", "0", "-r", "1", "-o", "json"));
        Assert.Equal(3, Number(Assert.Single(JsonDocument.Parse(cli.Out.ToString()).RootElement.EnumerateArray()), "n_threads"));
    }

    [Theory]
    [InlineData(new[] { "-p", "0", "-n", "0" }, "There is nothing to measure: give --n-prompt or --n-gen a number above 0.")]
    [InlineData(new[] { "-p", "1,x" }, "--n-prompt must be whole numbers from 0 to 1048576 separated by commas, not 'x'.")]
    [InlineData(new[] { "-d", "-1" }, "--n-depth must be whole numbers from 0 to 1048576 separated by commas, not '-1'.")]
    [InlineData(new[] { "-t", "0" }, "--threads must be whole numbers from 1 to 1024 separated by commas, not '0'.")]
    [InlineData(new[] { "-n", "1," }, "--n-gen must be whole numbers from 0 to 1048576 separated by commas, not ''.")]
    [InlineData(new[] { "-r", "0" }, "--repetitions must be a whole number from 1 to 1000, not '0'.")]
    [InlineData(new[] { "-o", "sql" }, "--output must be md or json or csv, not 'sql'.")]
    public async Task WrongNumbersAreRefused(string[] flags, string sentence) =>
        Assert.Equal(sentence, await new CliUnderTest().FailAsync(["bench", s_model, .. flags]));

    [Fact]
    public async Task ABrokenOffRunLeavesAWholeArray()
    {
        CliUnderTest cli = new();
        Task<int> run = Task.Run(() => cli.RunAsync("bench", s_model, "-p", "1", "-n", "1048000", "-t", "1", "-r", "1000", "-o", "json"));
        while (!cli.Error.ToString().Contains("tg1048000", StringComparison.Ordinal))
        {
            Assert.False(run.IsCompleted);
            await Task.Delay(5);
        }
        cli.Interrupt();
        Assert.Equal(0, await run);
        Assert.Equal(1, Number(Assert.Single(JsonDocument.Parse(cli.Out.ToString()).RootElement.EnumerateArray()), "n_prompt"));
    }

    [Fact]
    public void StatisticsAreThoseOfSamples()
    {
        BenchSamples samples = new(new BenchTest(100, 0, 0, 1), DateTime.UnixEpoch, [1_000_000_000, 2_000_000_000, 4_000_000_000]);
        Assert.Equal([100, 50, 25], samples.TokensPerSecond);
        Assert.Equal(175 / 3.0, samples.MeanSpeed, 1e-9);
        Assert.Equal(38.188130791298667, samples.DeviationSpeed, 1e-9); // sqrt(((125/3)^2 + (25/3)^2 + (100/3)^2) / 2)
        Assert.Equal(7e9 / 3, samples.MeanNanoseconds, 1e-3);
        Assert.Equal(0, (samples with { Nanoseconds = [5] }).DeviationNanoseconds);
    }

    private static void CheckObject(JsonElement test)
    {
        string[] names =
        [
            "build_commit", "cpu_info", "gpu_info", "backends", "model_filename", "model_type", "model_size", "model_n_params", "n_batch", "n_ubatch", "n_threads", "type_k", "type_v",
            "n_prompt", "n_gen", "n_depth", "test_time", "avg_ns", "stddev_ns", "avg_ts", "stddev_ts", "samples_ns", "samples_ts",
        ];
        Assert.All(names, name => Assert.True(test.TryGetProperty(name, out _), name));
        Assert.Equal((s_model, "f16", "f16", SimdLevels.Name(SimdLevels.Best)), (Text(test, "model_filename"), Text(test, "type_k"), Text(test, "type_v"), Text(test, "simd")));
        Assert.Matches(@"^qwen3 \S+ Q4_K_M$", Text(test, "model_type"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", Text(test, "test_time"));

        double[] times = [.. test.GetProperty("samples_ns").EnumerateArray().Select(sample => sample.GetDouble())];
        double[] speeds = [.. test.GetProperty("samples_ts").EnumerateArray().Select(sample => sample.GetDouble())];
        int tokens = Number(test, "n_prompt") + Number(test, "n_gen");
        Assert.Equal(2, times.Length);
        Assert.All(times.Zip(speeds), pair => Assert.Equal(tokens * 1e9 / pair.First, pair.Second, 1e-5));
        Assert.Equal(speeds.Average(), test.GetProperty("avg_ts").GetDouble(), 1e-5);
        Assert.Equal(times.Average(), test.GetProperty("avg_ns").GetDouble(), 1.0);
    }

    private static string[] Cells(string line) => [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];

    private static string Text(JsonElement test, string name) => test.GetProperty(name).GetString()!;

    private static int Number(JsonElement test, string name) => test.GetProperty(name).GetInt32();
}
