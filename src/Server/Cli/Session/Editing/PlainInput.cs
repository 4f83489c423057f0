namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>Lines as the system gives them, for terminals whose keys cannot be read.</summary>
/// <param name="host">The terminal.</param>
internal sealed class PlainInput(CliHost host) : ILineInput
{
    /// <inheritdoc/>
    public bool KeepsHistory { get; set; }

    /// <inheritdoc/>
    public InputLine Read(string prompt, string placeholder)
    {
        host.Out.Write(prompt);
        host.Out.Flush();
        return host.In.ReadLine() is { } line ? new InputLine(LineEnd.Submitted, line) : new InputLine(LineEnd.EndOfInput);
    }
}
