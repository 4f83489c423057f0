namespace LocalLlm.Server.Models;

/// <summary>The manifest is wrong, or a model cannot be found in it. The message is one sentence for the user.</summary>
internal sealed class ModelCatalogueException(string message, Exception? innerException = null) : Exception(message, innerException);
