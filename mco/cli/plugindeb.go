package cli

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
)

// debianLib is where Debian's packages of plugins put their files.
const debianLib = "/usr/share/mcollective/plugins/mcollective/"

// walkFiles calls each for the regular files of a folder and of the folders in it, in order of their names.
func walkFiles(root fs.FS, dir string, each func(path string)) error {
	return fs.WalkDir(root, dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			each(path)
		}
		return err
	})
}

// pack writes the packages of a plugin into the working folder. Debian's are made here, without Debian's tools; the same files give the
// same bytes.
func (c *pluginCommand) pack(s *session) error {
	src, err := c.source()
	if err != nil {
		return err
	}
	revision := c.revisionOf(s)
	kind, err := c.packageKind()
	switch {
	case err != nil:
		return err
	case kind != "Deb":
		return fmt.Errorf("%s packages of plugins are not built here: --format debpackage is, and the original's mco builds the others", kind)
	case c.sign:
		return fmt.Errorf("packages are not signed here: sign the files with debsigs or dpkg-sig, or the repository")
	}
	base := cmp.Or(c.mcname, "mcollective") + "-" + src.name
	fmt.Fprintf(s.out, "Building packages for %s plugin.\n", base)
	var written []string
	for _, p := range src.parts {
		d := debian{source: src, part: p, base: base, version: src.version + "-" + revision, lib: cmp.Or(c.path, debianLib)}
		if d.depends, err = c.depends(src, base, d.version, p); err != nil {
			return err
		}
		for _, script := range []struct{ name, file string }{{"preinst", c.preinstall}, {"postinst", c.postinstall}} {
			if script.file == "" {
				continue
			}
			text, err := os.ReadFile(script.file)
			if err != nil {
				return err
			}
			d.scripts = append(d.scripts, member{"./" + script.name, 0o755, text})
		}
		var file []byte
		if file, err = d.bytes(); err == nil {
			name := fmt.Sprintf("%s-%s_%s_all.deb", base, p.name, d.version)
			if err = os.WriteFile(name, file, 0o644); err == nil {
				written = append(written, name)
			}
		}
		if err != nil {
			for _, name := range written { // some of the packages are no use
				_ = os.Remove(name)
			}
			return err
		}
	}
	_, err = fmt.Fprintf(s.out, "Completed building all packages for %s plugin.\n", base)
	return err
}

// depends is what the package of a part needs, in Debian's words.
func (c *pluginCommand) depends(src *pluginSource, base, version string, p part) (string, error) {
	least := ""
	if v := cmp.Or(c.mcversion, src.requires); v != "" {
		least = " (>=" + v + ")"
	}
	needs := []string{}
	given := c.dependencies
	if len(given) == 1 {
		given = strings.Fields(given[0])
	}
	for _, name := range given {
		system, bare, special := strings.Cut(name, "::")
		if special && system != "debian" {
			continue
		}
		if special {
			name = bare
		}
		if strings.ContainsAny(name, "\n,") {
			return "", fmt.Errorf("--dependency %q is no name of a package", name)
		}
		needs = append(needs, name+" | puppet-agent")
	}
	needs = append(needs, cmp.Or(c.mcname, "mcollective")+"-common"+least+" | puppet-agent")
	if p.needsCommon {
		needs = append(needs, base+"-common (= "+version+")")
	}
	return strings.Join(needs, ", "), nil
}

// debian is one package under way.
type debian struct {
	source                      *pluginSource
	part                        part
	base, version, lib, depends string
	scripts                     []member
}

// member is one file of an archive.
type member struct {
	name string
	mode int64
	data []byte
}

func (d *debian) bytes() ([]byte, error) {
	var newest time.Time
	files := []member{}
	size := 0
	for _, f := range d.part.files {
		full := filepath.Join(d.source.dir, f)
		data, err := os.ReadFile(full)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(full)
		if err != nil {
			return nil, err
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		size += len(data)
		files = append(files, member{"." + path.Join("/", d.lib, filepath.ToSlash(f)), 0o644, data})
	}
	control := append([]member{{"./control", 0o644, []byte(d.control(size))}}, d.scripts...)
	controlTar, err := tarball(control, newest)
	if err != nil {
		return nil, err
	}
	dataTar, err := tarball(files, newest)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, m := range []member{{"debian-binary", 0, []byte("2.0\n")}, {"control.tar.gz", 0, controlTar}, {"data.tar.gz", 0, dataTar}} {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.name, newest.Unix(), 0, 0, "100644", len(m.data))
		b.Write(m.data)
		if len(m.data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes(), nil
}

func (d *debian) control(size int) string {
	meta := func(key mco.Symbol) string { return strings.Join(strings.Fields(d.source.meta.MetaText(key)), " ") }
	return fmt.Sprintf("Package: %s-%s\nVersion: %s\nArchitecture: all\nMaintainer: %s\nInstalled-Size: %d\nDepends: %s\nSection: utils\nPriority: optional\n"+
		"Homepage: %s\nDescription: %s\n %s\n", d.base, d.part.name, d.version, meta("author"), (size+1023)/1024, d.depends, meta("url"), meta("description"),
		d.part.description)
}

// tarball packs files with the folders above them.
func tarball(files []member, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	made := map[string]bool{}
	for _, f := range files {
		var dirs []string
		for dir := path.Dir(strings.TrimPrefix(f.name, "./")); dir != "." && !made[dir]; dir = path.Dir(dir) {
			made[dir] = true
			dirs = append([]string{dir}, dirs...)
		}
		for _, dir := range dirs {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "./" + dir + "/", Mode: 0o755, ModTime: at, Uname: "root", Gname: "root"}); err != nil {
				return nil, err
			}
		}
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: at, Uname: "root", Gname: "root"}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
