namespace LocalLlm.Server.Cli.Session;

/// <summary>What was said in a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">The text.</param>
internal sealed record SessionMessage(string Role, string Content)
{
    /// <summary>What the assistant thought before; empty if nothing.</summary>
    public string Thinking { get; init; } = "";

    /// <summary>Pictures that go with the text, the bytes of their files.</summary>
    public IReadOnlyList<byte[]> Images { get; init; } = [];
}
