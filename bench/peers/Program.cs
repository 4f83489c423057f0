using System.CommandLine;
using System.Diagnostics;
using LocalLlm.Peers;
using LocalLlm.Peers.Workers;

long started = Stopwatch.GetTimestamp();
if (args is ["worker", var settings])
{
    Worker.Run(Message.Read<WorkerSettings>(settings), started);
    return 0;
}
try
{
    return PeersCommand.Create().Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException or NotSupportedException)
{
    Console.Error.WriteLine($"Error: {e.Message}");
    return 1;
}
