namespace LocalLlm.Server.Tests.Cli;

public class CommandLineTests
{
    [Fact]
    public async Task HelpIsAVerbToo()
    {
        CliUnderTest verb = new(), option = new();
        Assert.Equal((0, 0), (await verb.RunAsync("help", "run"), await option.RunAsync("run", "--help")));
        Assert.Equal(option.Out.ToString(), verb.Out.ToString());
        Assert.Contains("run <MODEL>", verb.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutArgumentsItShowsHelp()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync());
        Assert.All(new[] { "run", "serve", "ps", "stop", "inspect", "tokenize", "logits", "doctor" }, verb => Assert.Contains($"  {verb}", cli.Out.ToString()));
        Assert.Equal("", cli.Error.ToString());
    }

    [Theory]
    [InlineData("Unrecognized command or argument 'frobnicate'.", "frobnicate")]
    [InlineData("Unrecognized command or argument 'lsit'. Did you mean 'list'?", "lsit")]
    [InlineData("Required argument missing for command: 'run'.", "run")]
    [InlineData("There is no file '/nowhere/m.gguf'.", "run", "/nowhere/m.gguf", "hi")]
    [InlineData("There is no file '/nowhere/m.gguf'.", "inspect", "/nowhere/m.gguf")]
    [InlineData("--threads must be a whole number from 1 to 1024, not '0'.", "run", "smollm2", "hi", "--threads", "0")]
    [InlineData("--threads must be a whole number from 1 to 1024, not 'many'.", "serve", "--threads", "many")]
    [InlineData("--ctx must be a whole number of at least 4, not '3'.", "run", "smollm2", "--ctx", "3")]
    [InlineData("--kv must be f16 or f32 or q8_0, not 'q4_0'.", "serve", "--kv", "q4_0")]
    [InlineData("--activations must be q8 or f32, not 'f16'.", "serve", "--activations", "f16")]
    [InlineData("--temperature must be a number, not 'hot'.", "run", "smollm2", "--temperature", "hot")]
    [InlineData("--seed must be a whole number, not '1.5'.", "run", "smollm2", "--seed", "1.5")]
    [InlineData("'x' is no token id: give whole numbers such as 1,2,3 or [1, 2, 3].", "tokenize", "smollm2", "--decode", "1,x")]
    [InlineData("Option '--tokens' is required.", "logits", "smollm2", "--output", "/tmp/never")]
    [InlineData("Unknown option '--verbos'; see --help, and write -- before text that begins like an option.", "run", "smollm2", "--verbos", "hi")]
    [InlineData("Unknown option '-x=1'; see --help, and write -- before text that begins like an option.", "tokenize", "smollm2", "-x=1")]
    [InlineData("--model must be NAME=PATH, such as qwen3:8b=./Qwen3-8B-Q4_K_M.gguf, not 'a.gguf'.", "serve", "--model", "a.gguf")]
    [InlineData("There is no file 'a.gguf' for --model a.", "serve", "--model", "a=a.gguf")]
    public async Task AMistakeIsOneSentence(string sentence, params string[] args) => Assert.Equal(sentence, await new CliUnderTest { Engine = new ScriptedEngine() }.FailAsync(args));

    [Fact]
    public async Task AnUnknownModelSaysWhereNamesAreListed()
    {
        string sentence = await new CliUnderTest().FailAsync("run", "llama9", "hi");
        Assert.Equal(
            "could not connect to ollama server, run 'ollama serve' to start it ('localllm serve' is the same; OLLAMA_HOST gives http://127.0.0.1:1); "
            + "without one, run has smollm2, smollm2:135m, all-minilm, all-minilm:22m, all-minilm:l6-v2 and GGUF files by their path, but no 'llama9'",
            sentence);
        Assert.EndsWith("but no 'smolm2'; did you mean 'smollm2'?", await new CliUnderTest().FailAsync("run", "smolm2", "hi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileThatIsNoModelIsToldInOneSentence()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "hello, I am not a model at all, sorry");
        foreach (string verb in new[] { "inspect", "tokenize", "run" })
        {
            Assert.Contains(file, await new CliUnderTest().FailAsync(verb, file), StringComparison.Ordinal);
        }
        File.Delete(file);
    }

    [Fact]
    public async Task ABrokenManifestIsToldInOneSentence()
    {
        string folder = Directory.CreateTempSubdirectory("cli").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "models.manifest"), "{}");
        Assert.Contains("version must be 1", await new CliUnderTest { Folder = folder }.FailAsync("run", "smollm2", "hi"), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
