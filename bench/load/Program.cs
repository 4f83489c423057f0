using System.CommandLine;
using LocalLlm.Load;

try
{
    return await LoadCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (OperationCanceledException)
{
    return 130;
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException or System.Net.Sockets.SocketException or TimeoutException)
{
    Console.Error.WriteLine($"Error: {e.Message}");
    return 1;
}
