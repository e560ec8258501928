import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // Fonts and pictures as files: the page's policy allows data: for pictures alone.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
})
