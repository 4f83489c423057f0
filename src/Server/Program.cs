using LocalLlm.Server.Cli;

Detachment.BeginIfAsked(args);
return await CommandLine.RunAsync(args, CliHost.ForProcess());
