import { halfWidth, partsOf, passesOf } from "./hit_test.js";

// A uniform that both shaders use must have the same precision in both, or they do not link.
const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec2 before;
layout(location = 1) in vec2 after;
layout(location = 2) in uint code;
uniform vec2 middle, zoom;
uniform float t, size, alpha;
uniform sampler2D palette;
out vec4 color;
void main() {
  gl_PointSize = size;
  gl_Position = vec4((mix(before, after, t) - middle) * zoom, 0.0, 1.0);
  color = vec4(texelFetch(palette, ivec2(int(code), 0), 0).rgb, 1.0) * alpha;
}`;

// Below 3 device pixels a square cannot be told from a disc, and the test costs 40% more.
const SQUARES = `#version 300 es
precision highp float;
in vec4 color;
out vec4 pixel;
void main() { pixel = color; }`;

const SHAPES = `#version 300 es
precision highp float;
in vec4 color;
uniform float size, wide;
uniform vec4 ring;
out vec4 pixel;
void main() {
  float away = abs(size * (length(gl_PointCoord - 0.5) - 0.5) + wide);
  pixel = (ring.a > 0.0 ? ring * color.a : color) * clamp(wide + 0.5 - away, 0.0, 1.0);
}`;

const SMALLEST_DISC = 3;

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Paints points with WebGL2. */
export class GlPainter {
  /** @type {Map<string, WebGLBuffer>} */
  #layouts = new Map();

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{ software?: boolean }} [options] software: whether WebGL without a GPU is taken
   * @throws {Error} There is no WebGL2 here, or only a slow one.
   */
  constructor(canvas, { software = true } = {}) {
    const gl = canvas.getContext("webgl2", {
      alpha: true,
      antialias: false,
      depth: false,
      stencil: false,
      powerPreference: "high-performance",
      failIfMajorPerformanceCaveat: !software,
    });
    if (!gl) throw new Error("no WebGL2 here");
    this.gl = gl;
    this.canvas = canvas;
    const info = gl.getExtension("WEBGL_debug_renderer_info"); // in Firefox RENDERER says the same
    this.renderer = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    if (!software && SOFTWARE.test(this.renderer)) {
      this.release(); // failIfMajorPerformanceCaveat lets SwiftShader through where a flag asked for it
      throw new Error(`${this.renderer} is slower than painting without WebGL`);
    }
    this.squares = this.#program(SQUARES);
    this.shapes = this.#program(SHAPES);
    this.code = this.#bytes(2);
    this.parts = partsOf(new Uint8Array(), false);
    this.indices = { rest: gl.createBuffer(), raised: gl.createBuffer(), ringed: gl.createBuffer() };
    gl.enableVertexAttribArray(0);
    gl.enableVertexAttribArray(1);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** @param {string} fragment */
  #program(fragment) {
    const gl = this.gl;
    const program = /** @type {WebGLProgram} */ (gl.createProgram());
    for (const [type, source] of /** @type {[number, string][]} */ ([
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, fragment],
    ])) {
      const shader = /** @type {WebGLShader} */ (gl.createShader(type));
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program) ?? "the shaders do not link");
    }
    const names = ["middle", "zoom", "t", "size", "alpha", "wide", "ring"];
    return { program, at: Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])) };
  }

  /** @param {number} location */
  #bytes(location) {
    const buffer = /** @type {WebGLBuffer} */ (this.gl.createBuffer());
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
    this.gl.enableVertexAttribArray(location);
    this.gl.vertexAttribIPointer(location, 1, this.gl.UNSIGNED_BYTE, 0, 0);
    return buffer;
  }

  /**
   * @param {WebGLBuffer} buffer
   * @param {ArrayBufferView<ArrayBuffer>} data
   * @param {number} target
   */
  #fill(buffer, data, target = this.gl.ARRAY_BUFFER) {
    this.gl.bindBuffer(target, buffer);
    this.gl.bufferData(target, data, this.gl.STATIC_DRAW);
  }

  /**
   * @param {string} key
   * @param {Uint16Array<ArrayBuffer>} positions
   */
  layout(key, positions) {
    const buffer = this.#layouts.get(key) ?? /** @type {WebGLBuffer} */ (this.gl.createBuffer());
    this.#layouts.set(key, buffer);
    this.#fill(buffer, positions);
  }

  /** @param {string} key */
  drop(key) {
    this.gl.deleteBuffer(this.#layouts.get(key) ?? null);
    this.#layouts.delete(key);
  }

  /** @param {Partial<import("./hit_test.js").Looks>} looks those that have changed */
  look({ codes, palette, parts }) {
    const gl = this.gl;
    if (codes) this.#fill(this.code, codes);
    for (const [name, indices] of Object.entries(parts ?? {})) {
      if (indices) this.#fill(this.indices[/** @type {keyof typeof this.indices} */ (name)], indices, gl.ELEMENT_ARRAY_BUFFER);
    }
    this.parts = parts ?? this.parts;
    if (palette) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, palette.length / 4, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
  }

  /** @param {import("./hit_test.js").Painting} painting */
  paint(painting) {
    const gl = this.gl;
    const { a, b, t, view, count, ring } = painting;
    const { width, height } = this.canvas;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    for (const [location, key] of [a, b].entries()) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.#layouts.get(key) ?? null);
      gl.vertexAttribPointer(location, 2, gl.UNSIGNED_SHORT, true, 0, 0);
    }
    for (const { of, size, alpha } of passesOf(this.parts, painting)) {
      const { program, at } = size * view.ratio >= SMALLEST_DISC ? this.shapes : this.squares;
      const [red, green, blue] = (of === "ringed" && ring) || [0, 0, 0];
      gl.useProgram(program);
      gl.uniform2f(at.middle, view.x, view.y);
      gl.uniform2f(at.zoom, (2 * view.scale * view.ratio) / width, (2 * view.scale * view.ratio) / height);
      gl.uniform1f(at.t, t);
      gl.uniform1f(at.size, size * view.ratio);
      gl.uniform1f(at.alpha, alpha);
      gl.uniform1f(at.wide, halfWidth(of, size * view.ratio));
      gl.uniform4f(at.ring, red / 255, green / 255, blue / 255, Number(of === "ringed"));
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.indices[of]);
      const painted = this.parts[of]?.length ?? 0;
      if (painted < count) gl.drawElements(gl.POINTS, painted, gl.UNSIGNED_INT, 0);
      else gl.drawArrays(gl.POINTS, 0, count); // which is quicker without a GPU
    }
  }

  /** Wait until everything is painted. */
  finish() {
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  /** Give the context back: a page has only 16. */
  release() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
