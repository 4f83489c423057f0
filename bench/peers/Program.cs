using System.CommandLine;
using System.Diagnostics;
using LocalLlm.Engine;
using LocalLlm.Peers;
using LocalLlm.Peers.Embeddings.Workers;
using LocalLlm.Peers.Workers;

long started = Stopwatch.GetTimestamp();
try
{
    if (args is ["worker", var settings])
    {
        Worker.Run(Message.Read<WorkerSettings>(settings), started);
        return 0;
    }
    if (args is ["embed-worker", var embedding])
    {
        EmbedWorker.Run(Message.Read<WorkerSettings>(embedding));
        return 0;
    }
    return PeersCommand.Create().Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is TextEngineException or ArgumentException or InvalidOperationException or IOException or NotSupportedException)
{
    Console.Error.WriteLine($"Error: {e.Message}");
    return 1;
}
