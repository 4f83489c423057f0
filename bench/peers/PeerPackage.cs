using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LocalLlm.Peers;

/// <summary>The prebuilt llama.cpp that the npm package <c>node-llama-cpp</c> brings, put into a folder of its own, never into the repository.</summary>
internal static class PeerPackage
{
    /// <summary>Folder of the libraries; installed if they are not there.</summary>
    /// <param name="root">The repository.</param>
    /// <param name="cache">Folder for what is installed.</param>
    /// <exception cref="PlatformNotSupportedException">There is no such package for this system.</exception>
    /// <exception cref="InvalidOperationException">npm is missing or failed.</exception>
    public static string Ensure(string root, string cache)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new PlatformNotSupportedException("The peer is measured on Linux on x64 only.");
        }
        string package = Path.Combine(root, "bench", "peers", "package.json");
        string folder = Path.Combine(cache, "npm");
        string libraries = Path.Combine(folder, "node_modules", "@node-llama-cpp", "linux-x64", "bins", "linux-x64");
        string installed = Path.Combine(folder, "package.json");
        if (Directory.Exists(libraries) && File.Exists(installed) && File.ReadAllText(installed) == File.ReadAllText(package))
        {
            return libraries;
        }
        Directory.CreateDirectory(folder);
        Install(folder, package, installed);
        return Directory.Exists(libraries) ? libraries : throw new InvalidOperationException($"npm installed the peer, but '{libraries}' is not there.");
    }

    private static void Install(string folder, string package, string installed)
    {
        Console.Error.WriteLine($"installing llama.cpp into {folder}");
        File.Copy(package, installed, overwrite: true);
        try
        {
            using Process npm = Process.Start(new ProcessStartInfo("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]) { WorkingDirectory = folder })!;
            npm.WaitForExit();
            if (npm.ExitCode == 0)
            {
                return;
            }
        }
        catch (Win32Exception)
        {
            File.Delete(installed);
            throw new InvalidOperationException("The peer is installed by npm, which is not here: install Node.js.");
        }
        File.Delete(installed);
        throw new InvalidOperationException("npm could not install the peer; what it said stands above.");
    }
}
