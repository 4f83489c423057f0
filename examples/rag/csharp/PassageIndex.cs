using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace Rag;

/// <summary>Documents, their passages and the vectors of these, in one SQLite file, of the same form as that of <c>rag.py</c>.</summary>
internal sealed class PassageIndex : IDisposable
{
    private readonly SqliteConnection _connection;

    /// <summary>Opens an index, and makes it if it is not there.</summary>
    public PassageIndex(string path)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        Execute("CREATE TABLE IF NOT EXISTS settings(name TEXT PRIMARY KEY, value TEXT NOT NULL)");
        Execute("CREATE TABLE IF NOT EXISTS documents(path TEXT PRIMARY KEY, hash TEXT NOT NULL)");
        // vector: float32, little-endian
        Execute("CREATE TABLE IF NOT EXISTS passages(id INTEGER PRIMARY KEY, path TEXT NOT NULL, line INTEGER NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL)");
    }

    /// <summary>The model that the index was made with; null for a new one. Another model empties it: vectors of two models cannot be compared.</summary>
    public string? Model
    {
        get => Query("SELECT value FROM settings WHERE name = 'model'", row => row.GetString(0)).FirstOrDefault();
        set
        {
            if (Model != value)
            {
                Execute("DELETE FROM passages");
                Execute("DELETE FROM documents");
                Execute("INSERT OR REPLACE INTO settings VALUES('model', $0)", value!);
            }
        }
    }

    /// <summary>The documents that it knows, by path, with the hash of their text.</summary>
    public Dictionary<string, string> Hashes => Query("SELECT path, hash FROM documents", row => (row.GetString(0), row.GetString(1))).ToDictionary();

    /// <summary>How many passages there are.</summary>
    public long Count => Query("SELECT count(*) FROM passages", row => row.GetInt64(0)).Single();

    /// <summary>All that is done until it is committed is there at once or, if it is not, never.</summary>
    public SqliteTransaction Begin() => _connection.BeginTransaction();

    /// <summary>Puts a document in the place of what the index knows of it.</summary>
    public void Put(string path, string hash, IReadOnlyList<Passage> passages, IReadOnlyList<float[]> vectors)
    {
        Remove(path);
        Execute("INSERT INTO documents VALUES($0, $1)", path, hash);
        for (int i = 0; i < passages.Count; i++)
        {
            Execute("INSERT INTO passages(path, line, text, vector) VALUES($0, $1, $2, $3)", path, passages[i].Line, passages[i].Text, ToBlob(vectors[i]));
        }
    }

    /// <summary>Forgets a document.</summary>
    public void Remove(string path)
    {
        Execute("DELETE FROM passages WHERE path = $0", path);
        Execute("DELETE FROM documents WHERE path = $0", path);
    }

    /// <summary>The passages nearest to a vector of length 1, the nearest first.</summary>
    public IReadOnlyList<(double Score, string Path, Passage Passage)> Nearest(float[] vector, int count) =>
    [
        .. Query("SELECT vector, path, line, text FROM passages ORDER BY id", row => (
                Score: Dot(vector, row.GetFieldValue<byte[]>(0)), Path: row.GetString(1), Passage: new Passage(row.GetInt32(2), row.GetString(3))))
            .OrderByDescending(found => found.Score)
            .Take(count),
    ];

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static byte[] ToBlob(float[] vector)
    {
        byte[] blob = new byte[vector.Length * sizeof(float)];
        for (int i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(blob.AsSpan(i * sizeof(float)), vector[i]);
        }
        return blob;
    }

    /// <summary>A cosine, since both have length 1.</summary>
    private static double Dot(float[] vector, byte[] blob)
    {
        double sum = 0;
        for (int i = 0; i < vector.Length; i++)
        {
            sum += (double)vector[i] * BinaryPrimitives.ReadSingleLittleEndian(blob.AsSpan(i * sizeof(float)));
        }
        return sum;
    }

    private SqliteCommand Command(string sql, object[] values)
    {
        SqliteCommand command = _connection.CreateCommand();
#pragma warning disable CA2100 // every text stands in this file
        command.CommandText = sql;
#pragma warning restore CA2100
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i}", values[i]);
        }
        return command;
    }

    private void Execute(string sql, params object[] values)
    {
        using SqliteCommand command = Command(sql, values);
        command.ExecuteNonQuery();
    }

    private IEnumerable<T> Query<T>(string sql, Func<SqliteDataReader, T> read)
    {
        using SqliteCommand command = Command(sql, []);
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            yield return read(row);
        }
    }
}
