using System.Globalization;

namespace Fscrypt.Sim.Conformance;

/// <summary>
/// Sequences drawn at random: three users and three keys, encrypted and plain directories in each other, open descriptors and
/// mappings, removals and re-additions. A sequence depends on the seed and its number only. What it names was made by an earlier
/// step, mostly; whether that step succeeded is not asked, so that errors come too. What the model has not got is not drawn:
/// docs/FIDELITY.md lists it.
/// </summary>
/// <param name="seed">What all sequences are drawn from.</param>
/// <param name="length">Steps of each.</param>
internal sealed class RandomSequences(ulong seed, int length = RandomSequences.LengthDefault)
{
    /// <summary>Steps that a sequence has if nothing else is said.</summary>
    public const int LengthDefault = 40;

    private static readonly string[] Users = ["root", "alice", "bob"];
    private static readonly string[] Keys = ["K1", "K2", "K3"];

    /// <summary>The sequence of a number.</summary>
    public RecordedSequence this[int number] => new Drawing(seed, number).Draw(length);

    // One sequence while it is drawn.
    private sealed class Drawing
    {
        private readonly int number;
        private readonly List<RecordedStep> steps = [];
        private readonly List<string> directories = ["."];
        private readonly List<string> paths = [];
        private readonly List<string> files = [];
        private readonly List<string> descriptors = [];
        private readonly HashSet<string> nameless = new(StringComparer.Ordinal);
        private readonly List<string> mappings = [];
        private ulong state;
        private int made;

        public Drawing(ulong seed, int number)
        {
            this.number = number;
            state = (seed * 0x9e3779b97f4a7c15) ^ ((ulong)number * 0xd1342543de82ef95);
        }

        public RecordedSequence Draw(int length)
        {
            // Something encrypted to begin with; all else may come in any order.
            foreach (var key in Keys.Take(1 + Below(Keys.Length)))
            {
                var user = One(Users);
                var directory = Make("d", ".");
                Add(user, "add_key", key);
                Add(user, "mkdir", directory);
                Add(user, "set_policy", directory, key);
                directories.Add(directory);
            }

            while (steps.Count < length)
                Draw();
            return new RecordedSequence(string.Create(CultureInfo.InvariantCulture, $"random{number}"), null, [.. steps.Take(length)]);
        }

        private void Draw()
        {
            var user = Below(3) == 0 ? One(Users) : "root";
            switch (Below(100))
            {
                case < 7: Add(user, "add_key", One(Keys)); break;
                case < 17: Add(user, Below(5) == 0 ? "rm_key_all" : "rm_key", One(Keys)); break;
                case < 22: Add(user, "status", One(Keys)); break;
                case < 25: Add(user, "set_policy", One(directories), One(Keys)); break;
                case < 27: Add(user, One("get_policy", "get_nonce"), AnyPath()); break;
                case < 38: NewFile(user); break;
                case < 43: NewDirectory(user); break;
                case < 45: Add(user, "symlink", One("target", "longer/target"), Known(Make("s", One(directories)))); break;
                case < 53: Open(user); break;
                case < 58: UseDescriptor(user); break;
                case < 61: CloseDescriptor(user); break;
                case < 65: Map(user); break;
                case < 71: Add(user, "cat", AnyPath()); break;
                case < 78: Add(user, "ls", One(directories)); break;
                case < 83: Add(user, "lstat", AnyPath()); break;
                case < 86: Add(user, One("unlink", "rmdir"), AnyName()); break;
                case < 90: Rename(user); break;
                case < 92: Add("root", "link", AnyName(), Known(Make("h", One(directories)))); break;
                case < 94: Add(user, "readlink", AnyPath()); break;
                case < 95: Add(user, "append", AnyPath(), "more"); break;
                case < 96: Add(user, "truncate", AnyPath(), One("0", "3", "9000")); break;
                case < 97: Add(user, "chdir", One([.. directories, "/"])); break;
                case < 98: Temporary(user); break;
                case < 99: Add(user, "chmod", AnyPath(), One("600", "644", "700", "711", "755", "777")); break;
                default: Add("root", "remount"); break;
            }
        }

        private void NewFile(string user)
        {
            var path = Below(8) == 0 ? AnyName() : Make("f", One(directories));
            Add(user, "create", path, One("hello", "other"));
            files.Add(path);
            paths.Add(path);
        }

        private void NewDirectory(string user)
        {
            var path = Below(8) == 0 ? AnyName() : Make("d", One(directories));
            Add(user, "mkdir", path);
            directories.Add(path);
            paths.Add(path);
        }

        private void Open(string user)
        {
            if (Below(4) == 0)
                Add(user, "open", Descriptor(), One(directories), One("r", "dir", "path"));
            else if (Below(5) == 0)
                Add(user, "open", Descriptor(), Known(Make("f", One(directories))), "rw,creat,excl");
            else
                Add(user, "open", Descriptor(), AnyPath(), One("r", "w", "rw", "path", "rw,trunc"));
        }

        private void UseDescriptor(string user)
        {
            if (descriptors.Count == 0)
                return;
            var file = One(descriptors);
            switch (Below(7))
            {
                case 0: Add(user, "write", file, One("written", "w")); break;
                case 1: Add(user, "fstat", file); break;
                case 2 when !nameless.Contains(file): Add(user, "fdpath", file); break;
                case 3: Add(user, "lsfd", file); break;
                case 4: Add(user, One("fsync", "syncfs"), file); break;
                case 5: Add(user, "ftruncate", file, One("0", "3", "5000")); break;
                default: Add(user, "read", file); break;
            }
        }

        // Its path has the number of its inode, which is the allocator's to choose: nobody asks for it.
        private void Temporary(string user)
        {
            Add(user, "tmpfile", Descriptor(), One(directories));
            nameless.Add(descriptors[^1]);
        }

        private void CloseDescriptor(string user)
        {
            if (descriptors.Count == 0)
                return;
            var file = One(descriptors);
            descriptors.Remove(file);
            Add(user, "close", file);
        }

        private void Map(string user)
        {
            switch (Below(4))
            {
                case 0 when descriptors.Count > 0:
                    var mapping = Name("M");
                    if (Below(2) == 0)
                        Add(user, "mmap", mapping, One(descriptors), "rw=1");
                    else
                        Add(user, "mmap", mapping, One(descriptors));
                    mappings.Add(mapping);
                    break;
                case 1 when mappings.Count > 0: Add(user, "mread", One(mappings)); break;
                case 2 when mappings.Count > 0: Add(user, "mwrite", One(mappings), "HOWDY"); break;
                case 3 when mappings.Count > 0:
                    var gone = One(mappings);
                    mappings.Remove(gone);
                    Add(user, "munmap", gone);
                    break;
            }
        }

        private void Rename(string user)
        {
            var to = Below(3) == 0 ? AnyName() : Known(Make("r", One(directories)));
            if (Below(4) == 0)
                Add(user, "rename", AnyName(), to, $"flags={One("noreplace", "exchange")}");
            else
                Add(user, "rename", AnyName(), to);
        }

        // What has been named already, sometimes by its no-key name.
        private string AnyPath() => Below(6) == 0 ? One(directories) : AnyName();

        // Not the root: here its own name is that of a mount point, which is an entry of another file system.
        private string AnyName()
        {
            if (paths.Count == 0)
                return Make("f", One(directories));
            var path = One(paths);
            if (Below(5) != 0)
                return path;
            var slash = path.LastIndexOf('/');
            return slash < 0 ? path : $"{path[..slash]}/@{path[(slash + 1)..]}";
        }

        private string Known(string path)
        {
            paths.Add(path);
            return path;
        }

        private string Descriptor()
        {
            var name = Name("F");
            descriptors.Add(name);
            return name;
        }

        private string Make(string prefix, string directory) => directory == "." ? Name(prefix) : $"{directory}/{Name(prefix)}";

        private string Name(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{++made}");

        private void Add(string actor, string operation, params string[] arguments)
            => steps.Add(new RecordedStep(actor, operation, arguments, default));

        private string One(params IReadOnlyList<string> among) => among[Below(among.Count)];

        // SplitMix64.
        private int Below(int bound)
        {
            state += 0x9e3779b97f4a7c15;
            var z = state;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            return (int)((z ^ (z >> 31)) % (ulong)bound);
        }
    }
}
