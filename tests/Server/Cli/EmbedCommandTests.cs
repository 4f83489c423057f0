using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Cli.Vectors;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>embed</c>: where the texts come from, the files that it writes, and where it computes.</summary>
public sealed class EmbedCommandTests : IDisposable
{
    private static readonly string s_model = RepoPaths.Vector("models", "qwen3-embedding.gguf");
    private readonly string _folder = Directory.CreateTempSubdirectory("localllm-embed").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ASmallRealModelEmbedsTheSameFromWordsFileAndInputInEveryForm()
    {
        string[] texts = ["one", "two words", "and, a third"];
        float[][] expected = await ExpectedAsync(texts);
        Assert.Equal(expected, await JsonAsync(new CliUnderTest(), ["embed", s_model, .. texts]));
        string lines = PathOf("lines.txt");
        await File.WriteAllTextAsync(lines, string.Join("\r\n", texts) + "\r\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(expected, await JsonAsync(new CliUnderTest(), "embed", s_model, "--file", lines));

        CliUnderTest csv = new() { Input = string.Join('\n', texts) };
        Assert.Equal(0, await csv.RunAsync("embed", s_model, "--format", "csv"));
        Assert.Equal(expected, csv.Out.ToString().TrimEnd('\n').Split('\n').Select(row => row.Split(',').Select(cell => float.Parse(cell, CultureInfo.InvariantCulture)).ToArray()));

        CliUnderTest npy = new();
        Assert.Equal(0, await npy.RunAsync("embed", s_model, "--file", lines, "--format", "npy", "-o", PathOf("vectors.npy")));
        Assert.Equal(("", ""), (npy.Out.ToString(), npy.Error.ToString()));
        Assert.Equal(expected, ReadNpy(PathOf("vectors.npy")));
        CliUnderTest piped = new() { Input = string.Join('\n', texts) };
        Assert.Equal(0, await piped.RunAsync("embed", s_model, "--format", "npy"));
        Assert.Equal(("", ""), (piped.Out.ToString(), piped.Error.ToString()));
        Assert.Equal(await File.ReadAllBytesAsync(PathOf("vectors.npy")), piped.OutBytes.ToArray());
        Assert.Equal(["lines.txt", "vectors.npy"], Directory.GetFiles(_folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task DimensionsAreCutAndNormalisedAgain()
    {
        float[] vector = Assert.Single(await JsonAsync(new CliUnderTest(), "embed", s_model, "one", "--dimensions", "8"));
        Assert.Equal(8, vector.Length);
        Assert.Equal(1, vector.Sum(x => (double)x * x), 1e-5);
    }

    [Fact]
    public async Task ManyLinesGoInBatchesAndComeBackInOrder()
    {
        ScriptedEngine engine = new() { Embed = request => new EmbeddingResult([.. request.Inputs.Select(text => new[] { float.Parse(text, CultureInfo.InvariantCulture) })], 1) };
        CliUnderTest cli = new() { Engine = engine, Input = string.Join('\n', Enumerable.Range(0, 1000)) };
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => new[] { (float)i }), await JsonAsync(cli, "embed", "smollm2"));
        Assert.All(engine.EmbeddingRequests, request => Assert.InRange(request.Inputs.Count, 1, TextLines.MostTexts));
        Assert.Equal((1000 + TextLines.MostTexts - 1) / TextLines.MostTexts, engine.EmbeddingRequests.Count);
    }

    [Fact]
    public void LongLinesMakeSmallBatches()
    {
        string half = new('x', (TextLines.MostCharacters / 2) + 1);
        Assert.Equal([1, 3], TextLines.Batches([half, half, "short", "short"], text => text).Select(batch => batch.Count));
        Assert.Empty(TextLines.Batches(Array.Empty<string>(), text => text));
    }

    [Fact]
    public async Task AServerThatListensIsAsked()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        CliUnderTest cli = new() { Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Port}" } };
        Assert.Equal(0, await cli.RunAsync("embed", "talker", "one", "two", "--dimensions", "2", "--truncate=false", "--ctx", "16"));
        Assert.Equal(("[\n[0.6,-0.8],\n[0.6,-0.8]\n]\n", ""), (cli.Out.ToString(), cli.Error.ToString()));
        EmbeddingRequest request = Assert.Single(engine.EmbeddingRequests);
        Assert.Equal(["one", "two"], request.Inputs);
        Assert.Equal((false, 2, 16), (request.Truncate, request.Dimensions!.Value, request.ContextLength!.Value));
    }

    [Fact]
    public async Task WhatFailsLeavesTheOldFileAndNoOther()
    {
        string path = PathOf("vectors.csv");
        await File.WriteAllTextAsync(path, "old");
        ScriptedEngine engine = new() { RefusesWith = new TextEngineException(TextEngineErrorKind.ContextOverflow, "It is too long.") };
        Assert.Equal("It is too long.", await new CliUnderTest { Engine = engine }.FailAsync("embed", "smollm2", "x", "--format", "csv", "-o", path));
        Assert.Equal([path], Directory.GetFiles(_folder));
        Assert.Equal("old", await File.ReadAllTextAsync(path));
    }

    [Theory]
    [InlineData("json", "[\n[1]", ",\n[1]", "\n")]
    [InlineData("csv", "1\n", "1\n", "")]
    public async Task WhatFailsLaterEndsItsLineAndIsNoWholeArray(string format, string first, string next, string end)
    {
        ScriptedEngine engine = new()
        {
            Embed = request => request.Inputs.Contains("long")
                ? throw new TextEngineException(TextEngineErrorKind.ContextOverflow, "It is too long.")
                : new EmbeddingResult([.. request.Inputs.Select(_ => new[] { 1f })], 1),
        };
        CliUnderTest cli = new() { Engine = engine, Input = string.Join('\n', [.. Enumerable.Repeat("x", TextLines.MostTexts), "long"]) };
        Assert.Equal(1, await cli.RunAsync("embed", "smollm2", "--format", format));
        Assert.Equal("Error: It is too long.\n", cli.Error.ToString());
        Assert.Equal(first + string.Concat(Enumerable.Repeat(next, TextLines.MostTexts - 1)) + end, cli.Out.ToString());
    }

    [Fact]
    public async Task ALinkStaysAndItsTargetIsReplaced()
    {
        string target = PathOf("target.json"), link = PathOf("link.json"), far = PathOf("far.json");
        await File.WriteAllTextAsync(target, "old");
        File.CreateSymbolicLink(link, target);
        File.CreateSymbolicLink(far, "link.json");
        Assert.Equal(0, await new CliUnderTest { Engine = new ScriptedEngine() }.RunAsync("embed", "smollm2", "x", "-o", far));
        Assert.Equal((target, "link.json"), (new FileInfo(link).LinkTarget, new FileInfo(far).LinkTarget));
        Assert.Equal("[\n[0.6,-0.8]\n]\n", await File.ReadAllTextAsync(target));

        // Also where the target is not there yet.
        File.Delete(target);
        Assert.Equal(0, await new CliUnderTest { Engine = new ScriptedEngine() }.RunAsync("embed", "smollm2", "x", "--format", "csv", "-o", far));
        Assert.Equal((target, "link.json"), (new FileInfo(link).LinkTarget, new FileInfo(far).LinkTarget));
        Assert.Equal("0.6,-0.8\n", await File.ReadAllTextAsync(target));
        Assert.Equal(3, Directory.GetFiles(_folder).Length);

        File.Delete(link);
        File.CreateSymbolicLink(link, "far.json");
        Assert.StartsWith($"'{far}' cannot be written: ", await new CliUnderTest { Engine = new ScriptedEngine() }.FailAsync("embed", "smollm2", "x", "-o", far), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("npy")]
    public async Task APipeIsWrittenToAndStays(string format)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // has no pipes in folders
        }
        string pipe = PathOf("pipe"), link = PathOf("link"), file = PathOf("file");
        using (Process made = Process.Start("mkfifo", [pipe]))
        {
            await made.WaitForExitAsync();
            Assert.Equal(0, made.ExitCode);
        }
        File.CreateSymbolicLink(link, pipe);
        Assert.Equal(0, await new CliUnderTest { Engine = new ScriptedEngine() }.RunAsync("embed", "smollm2", "x", "--format", format, "-o", file));
        foreach (string name in new[] { pipe, link })
        {
            // A reader of its own process: if nobody ever writes, it can be ended.
            using Process reader = Process.Start(new ProcessStartInfo("cat", [pipe]) { RedirectStandardOutput = true })!;
            using MemoryStream read = new();
            Task reading = reader.StandardOutput.BaseStream.CopyToAsync(read);
            try
            {
                // On a thread of its own: opening a pipe waits for the reader.
                Assert.Equal(0, await Task.Run(() => new CliUnderTest { Engine = new ScriptedEngine() }.RunAsync("embed", "smollm2", "x", "--format", format, "-o", name)));
                Assert.Equal(["file", "link", "pipe"], Directory.GetFiles(_folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal));
                Assert.Equal(pipe, new FileInfo(link).LinkTarget);
                // What has replaced the pipe could be read at once, and twice.
                using Process kind = Process.Start("test", ["-p", pipe]);
                await kind.WaitForExitAsync();
                Assert.Equal(0, kind.ExitCode);
                await reading;
                Assert.Equal(await File.ReadAllBytesAsync(file), read.ToArray());
            }
            finally
            {
                reader.Kill();
            }
        }
    }

    [Fact]
    public async Task AnEmptyFileIsReplacedLikeAnyOther()
    {
        string path = PathOf("vectors.csv");
        await File.WriteAllTextAsync(path, "");
        ScriptedEngine engine = new() { RefusesWith = new TextEngineException(TextEngineErrorKind.ContextOverflow, "It is too long.") };
        await new CliUnderTest { Engine = engine }.FailAsync("embed", "smollm2", "x", "--format", "csv", "-o", path);
        Assert.Equal("", await File.ReadAllTextAsync(path));
        Assert.Equal(0, await new CliUnderTest { Engine = new ScriptedEngine() }.RunAsync("embed", "smollm2", "x", "--format", "csv", "-o", path));
        Assert.Equal("0.6,-0.8\n", await File.ReadAllTextAsync(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task AnEmptyLineThatTheModelRefusesIsNamed()
    {
        ScriptedEngine engine = new()
        {
            Embed = request => request.Inputs.Contains("")
                ? throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "An input is empty.")
                : new EmbeddingResult([.. request.Inputs.Select(_ => new[] { 1f })], 1),
        };
        string lines = PathOf("lines.txt");
        await File.WriteAllLinesAsync(lines, [.. Enumerable.Repeat("x", TextLines.MostTexts + 3), "", "x"]);
        CliUnderTest cli = new() { Engine = engine };
        Assert.Equal(
            $"An input is empty. (text {TextLines.MostTexts + 4} is empty)",
            await cli.FailAsync("embed", "smollm2", "--file", lines, "--format", "csv", "-o", PathOf("out.csv")));
    }

    [Fact]
    public async Task NoTextIsAnEmptyArray()
    {
        CliUnderTest cli = new() { Engine = new ScriptedEngine() };
        Assert.Equal(0, await cli.RunAsync("embed", "smollm2"));
        Assert.Equal("[]\n", cli.Out.ToString());
        Assert.Equal(0, await cli.RunAsync("embed", "smollm2", "--format", "npy", "-o", PathOf("none.npy")));
        Assert.Empty(ReadNpy(PathOf("none.npy")));
    }

    [Fact]
    public async Task MistakesAreOneSentence()
    {
        CliUnderTest Cli(bool atTerminal = false) => new() { Engine = new ScriptedEngine(), AtTerminal = atTerminal };
        Assert.Equal("embed takes texts or --file, not both.", await Cli().FailAsync("embed", "smollm2", "x", "--file", "y"));
        Assert.Equal("embed has no text: give it with --file, on standard input, or as words.", await Cli(atTerminal: true).FailAsync("embed", "smollm2"));
        Assert.Equal("--format npy is for files and programs: say which with --output FILE, > or |.", await Cli(atTerminal: true).FailAsync("embed", "smollm2", "x", "--format", "npy"));
        Assert.StartsWith("The lines of 'nowhere' cannot be read:", await Cli().FailAsync("embed", "smollm2", "--file", "nowhere"), StringComparison.Ordinal);
        Assert.Equal($"'{_folder}' is a folder: give the name of a file.", await Cli().FailAsync("embed", "smollm2", "x", "-o", _folder));
        Assert.StartsWith("--format must be json or csv or npy, not 'xml'", await Cli().FailAsync("embed", "smollm2", "x", "--format", "xml"), StringComparison.Ordinal);
    }

    private static async Task<float[][]> ExpectedAsync(string[] texts)
    {
        await using TextEngine engine = new(LanguageModel.Load(s_model, new ModelOptions { Threads = 1 }));
        return [.. (await engine.EmbedAsync(new EmbeddingRequest { Inputs = texts })).Vectors];
    }

    private static async Task<float[][]> JsonAsync(CliUnderTest cli, params string[] args)
    {
        Assert.Equal(0, await cli.RunAsync(args));
        Assert.Equal("", cli.Error.ToString());
        return JsonSerializer.Deserialize<float[][]>(cli.Out.ToString())!;
    }

    /// <summary>Reads an array as numpy.lib.format describes version 1.0.</summary>
    private static float[][] ReadNpy(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], file[..8]);
        int data = 10 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        Assert.Equal(0, data % 64);
        string header = Encoding.ASCII.GetString(file, 10, data - 10);
        Assert.Matches(@"^\{'descr': '<f4', 'fortran_order': False, 'shape': \(\d+, \d+\), \} *\n$", header);
        int[] shape = [.. header.Split('(')[1].Split(')')[0].Split(", ").Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        Assert.Equal(data + (shape[0] * shape[1] * sizeof(float)), file.Length);
        return [.. Enumerable.Range(0, shape[0]).Select(row => Enumerable.Range(0, shape[1])
            .Select(column => BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(data + (((row * shape[1]) + column) * sizeof(float))))).ToArray())];
    }

    private string PathOf(string name) => Path.Combine(_folder, name);
}
