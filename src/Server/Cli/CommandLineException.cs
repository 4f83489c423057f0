namespace LocalLlm.Server.Cli;

/// <summary>The command line asks for something that cannot be. The message is one sentence for the user.</summary>
internal sealed class CommandLineException(string message) : Exception(message);
