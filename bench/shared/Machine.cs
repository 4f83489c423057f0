using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace LocalLlm.Bench.Shared;

/// <summary>Where and with what code something was measured.</summary>
internal static partial class Machine
{
    /// <summary>The processor: name, family and model, which tell generations apart where virtual machines hide the name.</summary>
    public static string Processor()
    {
        Dictionary<string, string> facts = File.ReadLines("/proc/cpuinfo").TakeWhile(line => line.Length > 0)
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries)).Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        return $"{facts.GetValueOrDefault("model name", RuntimeInformation.ProcessArchitecture.ToString())} (family {facts.GetValueOrDefault("cpu family")}, model {facts.GetValueOrDefault("model")})";
    }

    /// <summary>The processor as a part of a file's name.</summary>
    public static string ProcessorSlug() => NotWord.Replace(Processor().ToLowerInvariant(), "-").Trim('-');

    /// <summary>The last commit that changed <c>src</c>, and if there are changes since, a mark of them: results of one mark are of one code.</summary>
    public static string Commit(string root)
    {
        string commit = Git(root, "log", "-1", "--format=%h", "--abbrev=10", "--", "src").Trim();
        string changes = Git(root, "status", "--porcelain", "--", "src") + Git(root, "diff", "HEAD", "--", "src");
        return changes.Length == 0 ? commit : $"{commit}+{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(changes)))[..6]}";
    }

    /// <summary>Processor time that all processes of the machine have used, and what the hypervisor took, in seconds over all cores.</summary>
    public static double BusySeconds()
    {
        // user nice system idle iowait irq softirq steal, in hundredths of a second (proc_stat(5))
        long[] times = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9].Select(text => long.Parse(text, CultureInfo.InvariantCulture))];
        return (times.Sum() - times[3] - times[4]) / 100.0;
    }

    private static string Git(string root, params string[] arguments)
    {
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", ["-C", root, .. arguments]) { RedirectStandardOutput = true })!;
            string output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? output : throw new InvalidOperationException("git could not tell the code's commit; what it said stands above.");
        }
        catch (Win32Exception)
        {
            throw new InvalidOperationException("Results carry the commit that was measured, which git tells, and git is not here: install it.");
        }
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotWord { get; }
}
