using System.CommandLine;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Cli;

/// <summary><c>inspect</c>: what stands in a GGUF file.</summary>
internal static class InspectCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> path = new("FILE") { Description = "A GGUF file, the first part of a split one, or a model's name" };
        Option<bool> json = new("--json") { Description = "Print one JSON object" };
        Option<bool> full = new("--full") { Description = "Print arrays and texts whole" };
        Command command = new("inspect", "Show metadata, tensors, types and sizes of a GGUF file.") { path, json, full };
        command.SetAction(result =>
        {
            using GgufFile file = GgufFile.Open(host.Models.Resolve(result.GetRequiredValue(path)).Path);
            bool whole = result.GetValue(full);
            if (result.GetValue(json))
            {
                InspectionJson.Write(file, host.Out, whole);
            }
            else
            {
                InspectionText.Write(file, host.Out, whole);
            }
            return 0;
        });
        return command;
    }
}
