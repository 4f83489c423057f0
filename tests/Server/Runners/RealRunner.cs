using System.Diagnostics;
using LocalLlm.Engine;
using LocalLlm.Server.Runners;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>Runners as processes, of the program that was built beside the tests.</summary>
internal sealed class RealRunner : IDisposable
{
    private readonly RunnerFolder _folder = RunnerFolder.Create(_ => null);

    /// <summary>The built program, run by the .NET host: that of the tests, where it is one.</summary>
    public static RunnerProgram Program { get; } = new(
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet",
        [Path.Combine(AppContext.BaseDirectory, "localllm.dll")]);

    /// <summary>Small enough for a machine that runs other tests beside.</summary>
    public static ModelOptions Options { get; } = new() { Threads = 1, ContextLength = 256 };

    /// <summary>A request that takes as long as a test wants: its end is far away.</summary>
    public static GenerationRequest Endless { get; } = new() { Prompt = "a", MaxTokens = int.MaxValue };

    public string Folder => _folder.FullPath;

    public SharedLines Log { get; } = new();

    public RunnerLaunch Launch(RunnerProgram? program = null) => new() { Program = program ?? Program, Folder = _folder, Log = Log.Add };

    public Task<RunnerEngine> StartAsync(string model = "qwen3-q8_0.gguf") =>
        Launch().StartAsync(RepoPaths.Vector("models", model), Options, CancellationToken.None);

    /// <summary>Sends a signal, by the name that <c>kill</c> knows.</summary>
    public static void Signal(RunnerEngine engine, string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{engine.ProcessId}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Whether a process is there, be it as a zombie.</summary>
    public static bool Exists(RunnerEngine engine)
    {
        using Process kill = Process.Start(new ProcessStartInfo("kill", ["-0", $"{engine.ProcessId}"]) { RedirectStandardError = true })!;
        kill.WaitForExit();
        return kill.ExitCode == 0;
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Lines that several threads add to.</summary>
    internal sealed class SharedLines
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public void Add(string line)
        {
            lock (_lines)
            {
                _lines.Add(line);
            }
        }
    }
}

/// <summary>A test that needs signals and <c>/bin/sh</c>.</summary>
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "Windows has neither signals nor /bin/sh." : null;
}
