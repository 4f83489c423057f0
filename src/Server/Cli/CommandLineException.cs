namespace LocalLlm.Server.Cli;

/// <summary>The command line asks for something that cannot be. The message is one sentence for the user.</summary>
internal class CommandLineException(string message) : Exception(message);
