namespace LocalLlm.Peers.Embeddings;

/// <summary>How the texts of a row come.</summary>
/// <param name="Clients">Clients that ask at the same time, each one request after the other.</param>
/// <param name="PerRequest">Texts of a request; 0 for all texts in one.</param>
internal sealed record EmbedLoad(int Clients, int PerRequest)
{
    /// <summary>All texts in one request.</summary>
    public static EmbedLoad Together { get; } = new(1, 0);

    /// <summary>One text after the other.</summary>
    public static EmbedLoad Alone { get; } = new(1, 1);

    /// <summary>Requests that the texts make up.</summary>
    public IEnumerable<string[]> Requests(string[] texts) => texts.Chunk(PerRequest == 0 ? texts.Length : PerRequest);

    /// <summary>Most texts that wait at the same time.</summary>
    /// <param name="texts">Texts in all.</param>
    public int Waiting(int texts) => PerRequest == 0 ? texts : Math.Min(texts, Clients * PerRequest);

    /// <summary>Sends requests: every client takes the next one as soon as it has its answer.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="send">Sends one and waits for its answer.</param>
    public async Task SendAsync<T>(IReadOnlyList<T> requests, Func<T, Task> send)
    {
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next) - 1) < requests.Count;)
            {
                await send(requests[i]);
            }
        })));
    }
}
