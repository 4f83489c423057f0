namespace LocalLlm.Gguf.Tests;

public unsafe class ReadAheadTests
{
    private const int Length = 3 << 20;

    [Fact]
    public void AFileJustWrittenIsInMemoryAndNeedsNoAdvice()
    {
        using TempFolder folder = new();
        using MappedFile file = MappedFile.Open(folder.Write("file", Contents()));
        Assert.Equal(0, ReadAhead.Advise(file.Data, file.Length, () => true));
        Assert.True(!ReadAhead.HasAdvice || ReadAhead.IsInMemory(file.Data, file.Length));
    }

    [Fact]
    public void TheAdviceIsTakenAndChangesNothing()
    {
        using TempFolder folder = new();
        using MappedFile file = MappedFile.Open(folder.Write("file", Contents()));
        if (ReadAhead.HasAdvice)
        {
            Assert.Equal(Length, ReadAhead.AdvisePieces(file.Data, file.Length, () => true));
            Assert.Equal(0, ReadAhead.AdvisePieces(file.Data, file.Length, () => false));
        }
        Assert.True(new ReadOnlySpan<byte>(file.Data, Length).SequenceEqual(Contents()));
    }

    [Fact]
    public void AFileMayBeClosedWhileItIsReadAhead()
    {
        using TempFolder folder = new();
        string path = folder.Write("file", Contents());
        for (int i = 0; i < 50; i++)
        {
            using MappedFile file = MappedFile.Open(path);
            file.ReadAhead();
        }
    }

    private static byte[] Contents()
    {
        byte[] contents = new byte[Length];
        new Random(1).NextBytes(contents);
        return contents;
    }
}
