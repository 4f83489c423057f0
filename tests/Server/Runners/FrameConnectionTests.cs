using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using LocalLlm.Server.Runners;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>Frames between two ends in one process. What does not happen here hangs, so no time is measured.</summary>
public sealed class FrameConnectionTests : IDisposable
{
    private readonly RunnerFolder _folder = RunnerFolder.Create(_ => null);
    private readonly List<Socket> _sockets = [];

    [Fact]
    public async Task FramesOfManyThreadsArriveWholeAndInOrder()
    {
        const int Threads = 8, Each = 500;
        (Socket here, Socket there) = Pair();
        BlockingCollection<(int Call, string Text)> received = [];
        FrameConnection sender = new(here, (_, _) => { }, () => { });
        new FrameConnection(there, (call, message) => received.Add((call, TextOf(message))), received.CompleteAdding).Start("test");
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(call => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                sender.Send(call, Text(i), RunnerJson.Lines.RunnerAnswer);
            }
        })));
        List<(int Call, string Text)> all = await Task.Run(() => received.GetConsumingEnumerable().Take(Threads * Each).ToList());
        Assert.Equal(Threads, all.Select(frame => frame.Call).Distinct().Count());
        foreach (IGrouping<int, (int Call, string Text)> call in all.GroupBy(frame => frame.Call))
        {
            Assert.Equal(Enumerable.Range(0, Each).Select(i => TextOf(Text(i))), call.Select(frame => frame.Text));
        }
    }

    [Fact]
    public async Task LongMessagesAndEmptyOnesArrive()
    {
        (Socket here, Socket there) = Pair();
        BlockingCollection<(int Call, byte[] Message)> received = [];
        FrameConnection sender = new(here, (_, _) => { }, () => { });
        new FrameConnection(there, (call, message) => received.Add((call, message)), received.CompleteAdding).Start("test");
        byte[] large = new byte[40_000_000];
        new Random(1).NextBytes(large);
        sender.Send(int.MinValue, large);
        sender.Send(-1, []);
        sender.Send(1, [7]);
        (int Call, byte[] Message)[] all = await Task.Run(() => received.GetConsumingEnumerable().Take(3).ToArray());
        Assert.Equal([int.MinValue, -1, 1], all.Select(frame => frame.Call));
        Assert.True(large.AsSpan().SequenceEqual(all[0].Message));
        Assert.Empty(all[1].Message);
        Assert.Equal([7], all[2].Message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(FrameConnection.MostBytes + 1)]
    public async Task AWrongLengthClosesTheConnection(int length)
    {
        (Socket here, Socket there) = Pair();
        List<int> received = [];
        TaskCompletionSource closed = new();
        new FrameConnection(there, (call, _) => received.Add(call), closed.SetResult).Start("test");
        here.Send([.. Header(1, 2), 0, 0, .. Header(2, length), 0]);
        await closed.Task;
        Assert.Equal([1], received);
        Assert.Equal(0, await here.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task AFrameThatIsCutOffIsNone()
    {
        (Socket here, Socket there) = Pair();
        List<int> received = [];
        TaskCompletionSource closed = new();
        new FrameConnection(there, (call, _) => received.Add(call), closed.SetResult).Start("test");
        here.Send([.. Header(1, 1), 0, .. Header(2, 3), 0, 0]);
        here.Shutdown(SocketShutdown.Both);
        await closed.Task;
        Assert.Equal([1], received);
    }

    [Fact]
    public async Task ClosingEndsTheReaderAndSendingGoesOnWithoutEffect()
    {
        (Socket here, Socket there) = Pair();
        TaskCompletionSource closed = new();
        FrameConnection connection = new(there, (_, _) => { }, closed.SetResult);
        connection.Start("test");
        connection.Close();
        await closed.Task;
        connection.Close();
        connection.Send(1, [1]);
        Assert.Equal(0, await here.ReceiveAsync(new byte[1]));
    }

    public void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        _folder.Dispose();
    }

    /// <summary>Bytes before a message.</summary>
    internal static byte[] Header(int call, int length)
    {
        byte[] header = new byte[FrameConnection.HeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(header, call);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(sizeof(int)), length);
        return header;
    }

    private static RunnerAnswer Text(int i) => new() { Text = $"{i}{new string('x', i % 97 * 11)}" };

    private static string TextOf(RunnerAnswer answer) => $$"""{"text":"{{answer.Text}}"}""";

    private static string TextOf(byte[] message) => System.Text.Encoding.UTF8.GetString(message);

    private (Socket Here, Socket There) Pair()
    {
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        string path = _folder.NextSocket();
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Socket here = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        here.Connect(new UnixDomainSocketEndPoint(path));
        Socket there = listener.Accept();
        _sockets.AddRange([here, there]);
        return (here, there);
    }
}
