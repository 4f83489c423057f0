using System.Diagnostics;
using LocalLlm.Peers.Workers;

namespace LocalLlm.Peers.Embeddings.Workers;

/// <summary>A process that embeds with one engine as it is told.</summary>
internal static class EmbedWorker
{
    /// <summary>Runs until the standard input ends.</summary>
    /// <param name="settings">What to load.</param>
    public static void Run(WorkerSettings settings)
    {
        using IBenchEmbedder embedder = settings.Engine == "localllm" ? new OurEmbedder(settings) : new LlamaCppEmbedder(settings);
        while (Console.In.ReadLine() is { } line)
        {
            Console.Out.WriteLine(Message.Write(Answer(embedder, Message.Read<EmbedOrder>(line))));
            Console.Out.Flush();
        }
    }

    private static EmbedAnswer Answer(IBenchEmbedder embedder, EmbedOrder order)
    {
        long start = Stopwatch.GetTimestamp();
        switch (order.Work)
        {
            case "prepare":
                int tokens = embedder.Prepare(order.Texts!, order.Load!);
                return new EmbedAnswer(Stopwatch.GetElapsedTime(start).TotalMilliseconds) { Description = embedder.Description, Tokens = tokens };
            case "run":
                embedder.Run();
                return new EmbedAnswer(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            case "vectors":
                return new EmbedAnswer(0) { Vectors = embedder.Vectors(order.Count) };
            default:
                throw new ArgumentException($"There is no work '{order.Work}'.");
        }
    }
}
