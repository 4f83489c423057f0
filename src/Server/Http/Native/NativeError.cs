namespace LocalLlm.Server.Http.Native;

/// <summary>An error of the native API, as a whole answer or as the last item of a stream.</summary>
/// <param name="Error">One sentence; always a string, because clients show it as it is.</param>
internal sealed record NativeError(string Error);
