using System.Diagnostics;
using LocalLlm.Server.Cli;

namespace LocalLlm.Server.Runners;

/// <summary>The program that runners are: this one, with a command that no help shows.</summary>
/// <param name="FileName">Path of an executable.</param>
/// <param name="Arguments">What stands before the command; the program's library where the executable is the .NET host.</param>
internal sealed record RunnerProgram(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>The program of this process.</summary>
    public static RunnerProgram OfThisProcess
    {
        get
        {
            string executable = Environment.ProcessPath ?? throw new PlatformNotSupportedException("The system does not tell the path of this program.");
            // "dotnet localllm.dll": the executable alone would not know what to run.
            return Path.GetFileNameWithoutExtension(executable).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
                ? new RunnerProgram(executable, [Environment.GetCommandLineArgs()[0]])
                : new RunnerProgram(executable, []);
        }
    }

    /// <summary>How to start a runner: its standard streams are pipes, which no other runner inherits.</summary>
    /// <param name="model">Path of the model.</param>
    public ProcessStartInfo StartInfo(string model) => new(FileName, [.. Arguments, RunnerCommand.Name, Path.GetFullPath(model)])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        CreateNoWindow = true,
    };
}
