using LocalLlm.Server.Cli;

return await CommandLine.RunAsync(args, CliHost.ForProcess());
