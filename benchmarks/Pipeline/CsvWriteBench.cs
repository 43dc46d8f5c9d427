using System.Globalization;
using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>200,000 rows of twelve mixed columns to a file in memory: formatting and copying; beside a copy of the bytes, and cells written as strings.</summary>
public class CsvWriteBench : ICountsWork
{
    const int Rows = 200_000;

    // The throughput column makes objects of its own, which must not leave files behind.
    static readonly Lazy<(Table Table, byte[] Bytes)> Prepared = new(() =>
    {
        var table = MixedTable.Draw(Rows, steps: false);
        string file = Path.Combine(Path.GetTempPath(), $"csv-write-bench-{Environment.ProcessId}.csv");
        CsvTable.Write(table, file);
        byte[] bytes = File.ReadAllBytes(file);
        File.Delete(file);
        return (table, bytes);
    });

    readonly Table _table = Prepared.Value.Table;
    readonly byte[] _bytes = Prepared.Value.Bytes;
    string _folder = "";

    public double Work => _bytes.Length;

    public string Unit => "B";

    [GlobalSetup]
    public void MakeFolder()
    {
        // Memory has a file system where Linux has one: a disk's speed is not ours.
        string place = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        _folder = Directory.CreateDirectory(Path.Combine(place, $"csv-write-bench-{Environment.ProcessId}")).FullName;
    }

    [Benchmark]
    public void Write() => CsvTable.Write(_table, At("write.csv"));

    [Benchmark]
    public void WriteGzip() => CsvTable.Write(_table, At("write.csv.gz"));

    [Benchmark]
    public void CopyBytes() => File.WriteAllBytes(At("copy.csv"), _bytes);

    [Benchmark]
    public void WriteStrings()
    {
        using var text = new StreamWriter(At("strings.csv"), append: false, bufferSize: 1 << 16, encoding: new System.Text.UTF8Encoding(false));
        for (int row = 0; row < Rows; row++)
        {
            for (int i = 0; i < _table.Columns.Count; i++)
            {
                text.Write(i == 0 ? "" : ",");
                text.Write(_table.Columns[i].IsDiscrete
                    ? _table.Columns[i].Text(row)
                    : _table.Columns[i].Values[row].ToString("R", CultureInfo.InvariantCulture));
            }

            text.Write('\n');
        }
    }

    string At(string name) => Path.Combine(_folder, name);

    [GlobalCleanup]
    public void Remove() => Directory.Delete(_folder, recursive: true);
}
