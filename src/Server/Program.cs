using System.Text;
using LocalLlm.Server.Cli;

if (VersionReport.IsAsked(args))
{
    using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
    return VersionReport.Write(output, Environment.GetEnvironmentVariable);
}
Detachment.BeginIfAsked(args);
return await CommandLine.RunAsync(args, CliHost.ForProcess());
