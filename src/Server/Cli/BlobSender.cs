using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary>Brings files to a server as blobs, those that it lacks; files of the disk that its store is on without copying them.</summary>
/// <param name="host">Gets the progress.</param>
/// <param name="server">The server.</param>
internal sealed class BlobSender(CliHost host, ServerClient server)
{
    // Smaller ones are sent sooner than linked.
    private const long LeastShared = 64 << 10;

    private readonly SharedStore _shared = new(host, server);

    /// <summary>Hashes a file and sends it if the server does not have it.</summary>
    /// <returns>Its digest.</returns>
    /// <exception cref="CommandLineException">The server cannot be reached or refuses the file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task<string> SendAsync(string path, CancellationToken cancellationToken)
    {
        string name = Path.GetFileName(path);
        await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        DateTime written = File.GetLastWriteTimeUtc(path);
        BlobDigest digest;
        using (ProgressLine line = new(host, $"hashing {name}", file.Length))
        {
            digest = await Task.Run(() => BlobDigest.Of(new WatchedStream(file, line.Report), cancellationToken), cancellationToken);
        }
        if (await server.HasBlobAsync(digest.ToString(), cancellationToken))
        {
            return digest.ToString();
        }
        if (file.Length < LeastShared || written != File.GetLastWriteTimeUtc(path) || !await _shared.TryAddAsync(path, digest, cancellationToken))
        {
            file.Position = 0;
            using ProgressLine line = new(host, $"copying file {digest}", file.Length);
            await server.SendBlobAsync(digest.ToString(), new WatchedStream(file, line.Report), cancellationToken);
        }
        return digest.ToString();
    }

    /// <summary>A stream that tells how far it is read. It leaves the file open.</summary>
    private sealed class WatchedStream(FileStream file, Action<long> report) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true; // so that the length is sent and not chunks

        public override bool CanWrite => false;

        public override long Length => file.Length;

        public override long Position
        {
            get => file.Position;
            set => file.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => Told(file.Read(buffer));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Told(await file.ReadAsync(buffer, cancellationToken));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private int Told(int read)
        {
            report(file.Position);
            return read;
        }
    }
}
