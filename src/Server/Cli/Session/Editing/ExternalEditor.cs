using System.ComponentModel;
using System.Diagnostics;

namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>Edits a text with the user's own program: <c>OLLAMA_EDITOR</c>, <c>VISUAL</c>, <c>EDITOR</c>, else <c>vi</c>.</summary>
/// <param name="host">The environment, and where an error goes.</param>
internal sealed class ExternalEditor(CliHost host)
{
    private static readonly string[] s_variables = ["OLLAMA_EDITOR", "VISUAL", "EDITOR"];

    /// <summary>Opens a text and waits for the program's end.</summary>
    /// <returns>The text as it was saved; null if the program could not run or failed.</returns>
    public string? Edit(string text)
    {
        string command = s_variables.Select(host.Variable).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value)) ?? "vi";
        string path = Path.Combine(Directory.CreateTempSubdirectory("localllm-prompt-").FullName, "prompt.txt");
        try
        {
            File.WriteAllText(path, text);
            string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            using Process editor = Process.Start(new ProcessStartInfo(words[0], [.. words[1..], path]) { UseShellExecute = false })!;
            editor.WaitForExit();
            return editor.ExitCode == 0 ? File.ReadAllText(path).TrimEnd('\n') : null;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            host.Error.WriteLine($"Error: the editor '{command}' cannot be used: {exception.Message}");
            return null;
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }
}
