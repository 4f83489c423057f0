using LocalLlm.Server.Configuration;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Tests.Configuration;

public class OllamaEnvironmentTests
{
    [Fact]
    public void NothingSetGivesTheDefaults()
    {
        OllamaEnvironment environment = OllamaEnvironment.Read(_ => null);
        Assert.Equal("http://127.0.0.1:11434", environment.Host.ToString());
        Assert.Equal(TimeSpan.FromMinutes(5), environment.KeepAlive);
        Assert.Null(environment.ContextLength);
        Assert.Equal("", environment.KvCacheType);
        Assert.Equal(512, environment.MaxQueue);
        Assert.Null(environment.NumParallel);
        Assert.Equal(0, environment.MaxLoadedModels);
        Assert.Equal(TimeSpan.FromMinutes(5), environment.LoadTimeout);
        Assert.Equal(TimeSpan.FromSeconds(8), environment.StopTimeout);
        Assert.Equal(0, environment.DebugLevel);
        Assert.False(environment.NoHistory);
        Assert.Empty(environment.Warnings);
        Assert.Equal(17, environment.Origins.Count);
        Assert.Contains("https://0.0.0.0:*", environment.Origins);
        Assert.Contains("http://localhost", environment.Origins);
        Assert.Contains("vscode-file://*", environment.Origins);
    }

    [Fact]
    public void TheStoreIsInTheHomeFolderUnlessSaidOtherwise()
    {
        Assert.Equal("/home/me/.ollama/models", With("HOME", "/home/me").Models);
        Assert.EndsWith(Path.Combine(".ollama", "models"), With("HOME", "").Models, StringComparison.Ordinal);
        Assert.Equal("/data/models", With("OLLAMA_MODELS", " '/data/models' ").Models);
        Assert.Equal((false, false), (With("HOME", "").StoreReadOnly, With("HOME", "").NoPrune));
        Assert.True(With("LOCALLLM_STORE_READONLY", "1").StoreReadOnly);
        Assert.True(With("OLLAMA_NOPRUNE", "true").NoPrune);
    }

    [Theory]
    [InlineData("", GoTemplates.Preferred)]
    [InlineData("1", GoTemplates.Always)]
    [InlineData("0", GoTemplates.Never)]
    [InlineData("false", GoTemplates.Never)]
    public void GoTemplateIsASwitchOfThreePositions(string text, GoTemplates expected) => Assert.Equal(expected, With("OLLAMA_GO_TEMPLATE", text).GoTemplates);

    [Theory]
    [InlineData("", null, 0)]
    [InlineData("0", null, 0)]
    [InlineData("500K", 500L << 10, 0)]
    [InlineData("1.5MB", 1_500_000L, 0)]
    [InlineData("fast", null, 1)]
    public void PullsAreHeldToARate(string text, long? expected, int warnings)
    {
        OllamaEnvironment environment = With("LOCALLLM_LIMIT_RATE", text);
        Assert.Equal((expected, warnings), (environment.LimitRate, environment.Warnings.Count));
    }

    [Fact]
    public void OwnOriginsStandBeforeTheBuiltInOnes() =>
        Assert.Equal(["http://a", "https://*.b:*", "http://localhost"], With("OLLAMA_ORIGINS", " http://a, https://*.b:*,").Origins.Take(3));

    [Theory]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("TRUE", true)]
    [InlineData("yes", true)]
    [InlineData("2", true)]
    [InlineData("0", false)]
    [InlineData("F", false)]
    [InlineData("False", false)]
    [InlineData(" 'false' ", false)]
    [InlineData("", false)]
    public void Switches(string text, bool expected) => Assert.Equal(expected, With("OLLAMA_NOHISTORY", text).NoHistory);

    [Theory]
    [InlineData("", 0)]
    [InlineData("0", 0)]
    [InlineData("false", 0)]
    [InlineData("1", 1)]
    [InlineData("true", 1)]
    [InlineData("2", 2)]
    [InlineData("-3", 0)]
    public void DebugLevels(string text, int expected) => Assert.Equal(expected, With("OLLAMA_DEBUG", text).DebugLevel);

    [Theory]
    [InlineData("8192", 8192)]
    [InlineData("0", null)]
    [InlineData(" \"4096\" ", 4096)]
    public void ContextLengths(string text, int? expected) => Assert.Equal(expected, With("OLLAMA_CONTEXT_LENGTH", text).ContextLength);

    [Theory]
    [InlineData("3", 3, 0)]
    [InlineData("0", null, 0)]
    [InlineData("1025", 1024, 1)]
    [InlineData("two", null, 1)]
    public void Parallel(string text, int? expected, int warnings)
    {
        OllamaEnvironment environment = With("OLLAMA_NUM_PARALLEL", text);
        Assert.Equal(expected, environment.NumParallel);
        Assert.Equal(warnings, environment.Warnings.Count);
    }

    [Fact]
    public void LimitsOfModelsAndTimes()
    {
        Assert.Equal(3, With("OLLAMA_MAX_LOADED_MODELS", "3").MaxLoadedModels);
        Assert.Equal(TimeSpan.FromSeconds(90), With("OLLAMA_LOAD_TIMEOUT", "1m30s").LoadTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), With("LOCALLLM_STOP_TIMEOUT", "30").StopTimeout);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5")]
    [InlineData("0x10")]
    [InlineData("99999999999")]
    [InlineData("four")]
    public void ACountThatIsNoneLeavesTheDefaultAndAWarning(string text)
    {
        OllamaEnvironment environment = With("OLLAMA_MAX_QUEUE", text);
        Assert.Equal(512, environment.MaxQueue);
        Assert.Equal($"OLLAMA_MAX_QUEUE is \"{text}\", which is not a whole number from 0 to 2147483647; 512 is used.", Assert.Single(environment.Warnings));
    }

    [Theory]
    [InlineData("10m", 600)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("300", 300)]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("-1m", -60)]
    [InlineData("1500ms", 1.5)]
    [InlineData("2us", 2e-6)]
    public void Durations(string text, double seconds)
    {
        OllamaEnvironment environment = With("OLLAMA_KEEP_ALIVE", text);
        Assert.Equal(seconds, environment.KeepAlive.TotalSeconds);
        Assert.Empty(environment.Warnings);
    }

    [Theory]
    [InlineData("1d")]
    [InlineData("soon")]
    [InlineData("5 m")]
    [InlineData("1.5")]
    [InlineData("m")]
    [InlineData("-")]
    [InlineData("1m2")]
    public void ADurationThatIsNoneLeavesTheDefaultAndAWarning(string text)
    {
        OllamaEnvironment environment = With("OLLAMA_KEEP_ALIVE", text);
        Assert.Equal(TimeSpan.FromMinutes(5), environment.KeepAlive);
        Assert.Contains("300s is used.", Assert.Single(environment.Warnings));
    }

    [Theory]
    [InlineData("9999999999h")]
    [InlineData("9223372036854775807")]
    public void DurationsBeyondTimeEndThere(string text) => Assert.Equal(TimeSpan.MaxValue, With("OLLAMA_KEEP_ALIVE", text).KeepAlive);

    private static OllamaEnvironment With(string name, string value) => OllamaEnvironment.Read(asked => asked == name ? value : null);
}
