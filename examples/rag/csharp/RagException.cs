namespace Rag;

/// <summary>What the user is told in one sentence.</summary>
internal sealed class RagException(string message) : Exception(message);
